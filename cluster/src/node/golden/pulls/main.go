package main

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/images/pullmanager"
	"k8s.io/kubernetes/pkg/util/parsers"
)

var r *rand.Rand

func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }

// Records in memory, where kubelet has files.
type records struct {
	intents map[string]bool
	pulled  map[string]*kubeletconfig.ImagePulledRecord
}

func (s *records) ListImagePullIntents() ([]*kubeletconfig.ImagePullIntent, error) { return nil, nil }
func (s *records) ImagePullIntentExists(image string) (bool, error)                { return s.intents[image], nil }
func (s *records) WriteImagePullIntent(image string) error {
	s.intents[image] = true
	return nil
}
func (s *records) DeleteImagePullIntent(image string) error {
	delete(s.intents, image)
	return nil
}
func (s *records) ListImagePulledRecords() ([]*kubeletconfig.ImagePulledRecord, error) {
	return nil, nil
}
func (s *records) GetImagePulledRecord(ref string) (*kubeletconfig.ImagePulledRecord, bool, error) {
	record, found := s.pulled[ref]
	return record, found, nil
}
func (s *records) WriteImagePulledRecord(record *kubeletconfig.ImagePulledRecord) error {
	s.pulled[record.ImageRef] = record
	return nil
}
func (s *records) DeleteImagePulledRecord(ref string) error {
	delete(s.pulled, ref)
	return nil
}

type Step struct {
	// "begin", "failed", "pulled" by one credential of the secrets or none, or "asks".
	Do      string      `json:"do"`
	Image   string      `json:"image"`
	ID      string      `json:"id"`
	Secrets []v1.Secret `json:"secrets,omitempty"`
	// In the order in which they are tried.
	Logins []string `json:"logins,omitempty"`
	Error  bool     `json:"error,omitempty"`
	Must   bool     `json:"must,omitempty"`
}

var images = []string{"registry.example:5000/team/app:1", "registry.example:5000/team/app@sha256:0123456789012345678901234567890123456789012345678901234567890123", "registry.example:5000/team-b/app:1",
	"registry.example/team/app:1", "a.registry.example/x", "quay.io/team/deep/app:2", "nginx", "library/nginx:1", "docker.io/me/app:1", "index.docker.io/me/app:1", "localhost/app:1", "127.0.0.1:5000/app:1"}

var places = []string{"registry.example:5000", "https://registry.example:5000", "http://registry.example:5000/v2/", "registry.example:5000/team", "registry.example:5000/team/app", "registry.example",
	"*.registry.example", "*.example", "registry.*", "reg?stry.example:5000", "quay.io", "quay.io/team", "quay.io/team/deep", "quay.io/v1/team", "https://index.docker.io/v1/", "index.docker.io", "docker.io", "docker.io/me",
	"localhost", "127.0.0.1:5000", "127.0.0.*:5000", "other.example", "registry.example:5001"}

func secret(n int) v1.Secret {
	entries, used := map[string]map[string]string{}, map[string]bool{}
	for k := 1 + r.Intn(4); k > 0; k-- {
		name, password := pick("ann", "bob", "cyd"), pick("x", "y:z", "")
		entry := map[string]string{"username": name, "password": password}
		switch r.Intn(8) {
		case 0, 1, 2:
			text := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
			entry = map[string]string{"auth": text}
		case 3:
			entry["auth"] = base64.RawStdEncoding.EncodeToString([]byte("dee:" + password))
		case 4:
			entry["email"] = "ann@example.com"
		}
		if r.Intn(40) == 0 {
			entry["auth"] = base64.StdEncoding.EncodeToString([]byte("no colon"))
		}
		// Which of two entries for one place comes first is chance.
		place := pick(places...)
		same := strings.NewReplacer("https://", "", "http://", "", "/v1", "", "/v2", "").Replace(place)
		if same = strings.TrimSuffix(same, "/"); !used[same] {
			entries[place], used[same] = entry, true
		}
	}
	s := v1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pull-%d", n), Namespace: pick("shop", "team"), UID: types.UID(pick("u1", "u2", "u3"))}}
	old, _ := json.Marshal(entries)
	current, _ := json.Marshal(map[string]any{"auths": entries})
	switch r.Intn(10) {
	case 0, 1, 2:
		s.Type, s.Data = v1.SecretTypeDockercfg, map[string][]byte{v1.DockerConfigKey: old}
	case 3:
		s.Type, s.Data = v1.SecretTypeOpaque, map[string][]byte{v1.DockerConfigJsonKey: current}
	default:
		s.Type, s.Data = v1.SecretTypeDockerConfigJson, map[string][]byte{v1.DockerConfigJsonKey: current}
	}
	return s
}

func logins(image string, from []v1.Secret) ([]credentialprovider.TrackedAuthConfig, error) {
	repository, _, _, err := parsers.ParseImageName(image)
	if err != nil {
		panic(err)
	}
	keyring, err := secrets.MakeDockerKeyring(from, credentialprovider.UnionDockerKeyring{})
	if err != nil {
		return nil, err
	}
	found, _ := keyring.Lookup(repository)
	return found, nil
}

func main() {
	r = rand.New(rand.NewSource(35))
	ctx := context.Background()
	stories := [][]Step{}
	asked, must := 0, 0
	for len(stories) < 400 {
		kept := &records{map[string]bool{}, map[string]*kubeletconfig.ImagePulledRecord{}}
		manager, err := pullmanager.NewImagePullManager(ctx, kept, pullmanager.NeverVerifyPreloadedPullPolicy(), nil, 1)
		if err != nil {
			panic(err)
		}
		story := []Step{}
		few := []string{pick(images...), pick(images...)}
		has := []v1.Secret{secret(1), secret(2), secret(3)}
		begun := map[string]bool{}
		for n := 3 + r.Intn(10); n > 0; n-- {
			step := Step{Do: pick("begin", "pulled", "pulled", "failed", "asks", "asks", "asks", "asks"), Image: pick(few...), ID: pick("sha256:1", "sha256:2")}
			for _, one := range has {
				if r.Intn(2) == 0 {
					if r.Intn(4) == 0 {
						one = secret(r.Intn(3) + 1)
					}
					step.Secrets = append(step.Secrets, one)
				}
			}
			found, err := logins(step.Image, step.Secrets)
			step.Error = err != nil
			for _, one := range found {
				step.Logins = append(step.Logins, one.Username+"/"+one.Password)
			}
			switch step.Do {
			case "begin":
				if begun[step.Image] {
					continue
				}
				begun[step.Image] = true
				manager.RecordPullIntent(step.Image)
			case "failed", "pulled":
				if !begun[step.Image] || step.Error {
					continue
				}
				begun[step.Image] = false
				if step.Do == "failed" {
					manager.RecordImagePullFailed(ctx, step.Image)
					break
				}
				creds := &kubeletconfig.ImagePullCredentials{NodePodsAccessible: true}
				if len(found) > 0 {
					source := found[0].Source.Secret
					creds = &kubeletconfig.ImagePullCredentials{KubernetesSecrets: []kubeletconfig.ImagePullSecret{{UID: source.UID, Namespace: source.Namespace, Name: source.Name, CredentialHash: found[0].AuthConfigHash}}}
				}
				manager.RecordImagePulled(ctx, step.Image, step.ID, creds)
			case "asks":
				if step.Error {
					break
				}
				asked++
				step.Must, err = manager.MustAttemptImagePull(ctx, step.Image, step.ID, func() ([]kubeletconfig.ImagePullSecret, *kubeletconfig.ImagePullServiceAccount, error) {
					all := []kubeletconfig.ImagePullSecret{}
					for _, one := range found {
						source := one.Source.Secret
						all = append(all, kubeletconfig.ImagePullSecret{UID: source.UID, Namespace: source.Namespace, Name: source.Name, CredentialHash: one.AuthConfigHash})
					}
					return all, nil, nil
				})
				if err != nil {
					panic(err)
				}
				if step.Must {
					must++
				}
			}
			story = append(story, step)
		}
		stories = append(stories, story)
	}
	file, _ := os.Create(os.Args[1])
	defer file.Close()
	zip, _ := gzip.NewWriterLevel(file, 9)
	defer zip.Close()
	if err := json.NewEncoder(zip).Encode(stories); err != nil {
		panic(err)
	}
	fmt.Println(len(stories), "stories,", asked, "questions,", must, "must ask")
}
