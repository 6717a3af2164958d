// EncryptionConfigurations with what kube-apiserver says of them, and stored values with what it reads in them; see README.md.
package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/klog/v2"
	kmsservice "k8s.io/kms/pkg/service"
)

var chance = rand.New(rand.NewSource(35))

func oneOf[T any](all ...T) T { return all[chance.Intn(len(all))] }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// What a key management service answers: a key is encrypted with AES-GCM under the hash of the id of its key.
type plugin struct{ keyID string }

func seal(keyID string) cipher.AEAD {
	key := sha256.Sum256([]byte(keyID))
	block, err := aes.NewCipher(key[:])
	must(err)
	aead, err := cipher.NewGCM(block)
	must(err)
	return aead
}

func (p plugin) Encrypt(_ context.Context, _ string, plain []byte) (*kmsservice.EncryptResponse, error) {
	nonce := make([]byte, 12)
	chance.Read(nonce)
	made := &kmsservice.EncryptResponse{Ciphertext: seal(p.keyID).Seal(nonce, nonce, plain, nil), KeyID: p.keyID}
	if p.keyID == "annotated" {
		made.Annotations = map[string][]byte{"local-kek.example.com": []byte("one"), "other.example.com": {0, 255}}
	}
	return made, nil
}

func (p plugin) Decrypt(_ context.Context, _ string, request *kmsservice.DecryptRequest) ([]byte, error) {
	return seal(request.KeyID).Open(nil, request.Ciphertext[:12], request.Ciphertext[12:], nil)
}

func (p plugin) Status(context.Context) (*kmsservice.StatusResponse, error) {
	return &kmsservice.StatusResponse{Version: "v2", Healthz: "ok", KeyID: p.keyID}, nil
}

type judged struct {
	Text   string `json:"text"`
	Reload bool   `json:"reload,omitempty"`
	Error  string `json:"error"`
}

var file = filepath.Join(os.TempDir(), "config.yaml")
var secret = regexp.MustCompile(`"Secret":"[^"]*"`)

func load(text string, reload bool) (*encryptionconfig.EncryptionConfiguration, error) {
	must(os.WriteFile(file, []byte(text), 0o600))
	return encryptionconfig.LoadEncryptionConfig(context.Background(), file, reload, "apiserver")
}

func judge(text string, reload bool) judged {
	_, err := load(text, reload)
	said := ""
	if err != nil {
		// Berth shows no secret, and does not know the gate of KMS v1.
		said = secret.ReplaceAllString(strings.ReplaceAll(err.Error(), file, "FILE"), `"Secret":"REDACTED"`)
		said = strings.TrimSuffix(said, "  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.")
	}
	return judged{text, reload, said}
}

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"

func configuration(resources ...any) string {
	text, err := json.Marshal(map[string]any{
		"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": resources,
	})
	must(err)
	return string(text)
}

type fields = map[string]any

func key(name string, bytes int) fields {
	made := make([]byte, bytes)
	chance.Read(made)
	return fields{"name": name, "secret": made}
}

func keys() any {
	made := []any{}
	for range oneOf(0, 1, 1, 1, 2, 3) {
		one := key(oneOf("key1", "key2", "a-b", ""), oneOf(0, 16, 24, 32, 32, 32, 32, 15, 33))
		if chance.Intn(12) == 0 {
			one["secret"] = oneOf("!", "abc", "YWJj\nYWJj", "====", "YWJjZGVmZ2hpamtsbW5vcA")
		}
		if chance.Intn(20) == 0 {
			delete(one, oneOf("name", "secret"))
		}
		made = append(made, one)
	}
	return fields{"keys": made}
}

func kms() fields {
	made := fields{"name": oneOf("one", "two", "one:two", "", "three"), "endpoint": oneOf("unix:///tmp/kms.sock", "unix:///@abstract", "tcp://1.2.3.4:5", "", "/tmp/kms.sock", "unix:///a%zz", ":x", "http://[::1", "unix://%41/x")}
	if chance.Intn(8) > 0 {
		made["apiVersion"] = oneOf("v2", "v2", "v2", "v2", "v1", "v3", "")
	}
	if chance.Intn(3) == 0 {
		made["timeout"] = oneOf("3s", "0s", "-1s", "1m30s", "500ms", "1.5h")
	}
	if chance.Intn(5) == 0 {
		made["cachesize"] = oneOf(0, 100, -1)
	}
	return made
}

func provider() fields {
	made := fields{}
	for range oneOf(1, 1, 1, 1, 1, 1, 1, 0, 2) {
		switch oneOf("aesgcm", "aescbc", "secretbox", "identity", "kms") {
		case "aesgcm":
			made["aesgcm"] = keys()
		case "aescbc":
			made["aescbc"] = keys()
		case "secretbox":
			made["secretbox"] = keys()
		case "identity":
			made["identity"] = fields{}
		case "kms":
			made["kms"] = kms()
		}
	}
	return made
}

var names = []string{"secrets", "configmaps", "secrets.", "*.", "*.*", "*", "*.apps", "deployments.apps", "events", "events.events.k8s.io", "ingresses.extensions", "*.extensions", "pods.*", "Secrets", "apiserveripinfo", "serviceipallocations", "pandas.awesome.bears.example", "*.awesome.bears.example", "", "x.y.z"}

var sensible = []string{"secrets", "configmaps", "*.", "*.apps", "deployments.apps", "events", "pandas.awesome.bears.example", "*.awesome.bears.example", "*.*"}

func sane() fields {
	switch oneOf("aesgcm", "aescbc", "secretbox", "identity") {
	case "aesgcm":
		return fields{"aesgcm": fields{"keys": []any{key("key1", oneOf(16, 24, 32))}}}
	case "aescbc":
		return fields{"aescbc": fields{"keys": []any{key("key1", 32), key("key2", 32)}}}
	case "secretbox":
		return fields{"secretbox": fields{"keys": []any{key("key1", 32)}}}
	}
	return fields{"identity": fields{}}
}

// Each is made wrong in one place of what is right, or made at random.
func randomConfiguration() string {
	resources := []any{}
	isSane := chance.Intn(3) > 0
	for range oneOf(0, 1, 1, 1, 2, 2, 3) {
		of, by := []string{}, []any{}
		for range oneOf(0, 1, 1, 1, 1, 2) {
			if isSane && chance.Intn(12) > 0 {
				of = append(of, oneOf(sensible...))
			} else {
				of = append(of, oneOf(names...))
			}
		}
		for range oneOf(0, 1, 1, 2, 3) {
			if isSane {
				by = append(by, sane())
			} else {
				by = append(by, provider())
			}
		}
		resources = append(resources, fields{"resources": of, "providers": by})
	}
	return configuration(resources...)
}

var written = []string{
	"", " ", "a", "{}", "[]", "null", "3", "{", "a: b: c", "kind: EncryptionConfiguration", "apiVersion: apiserver.config.k8s.io/v1",
	"apiVersion: v1\nkind: EncryptionConfiguration\nresources: []\n",
	"apiVersion: apiserver.config.k8s.io/v1\nkind: Other\nresources: []\n",
	"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n",
	"apiVersion: apiserver.config.k8s.io/v2\nkind: EncryptionConfiguration\n",
	"apiVersion: a/b/c\nkind: EncryptionConfiguration\n",
	"apiVersion: v1\nkind: EncryptionConfig\nresources: []\n",
	head, head + "resources: []\n", head + "resources: null\n", head + "resources: {}\n", head + "resources: 3\n",
	head + "resource: []\n", head + "resources:\n- 3\n", head + "resources:\n- null\n", head + "resources:\n- {}\n",
	head + "resources:\n- resources: secrets\n", head + "resources:\n- resources: [3]\n",
	head + "resources:\n- resources: [secrets]\n  providers: identity\n",
	head + "resources:\n- resources: [secrets]\n  providers: [identity]\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - identity:\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - Identity: {}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n    foo: 1\n  - identity: {bar: 2}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - aesgcm: {keys: {}}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - aesgcm: {keys: [{name: 3, secret: YWJj}]}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - aesgcm: {keys: [{name: a, secret: 3}]}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - kms: {apiVersion: v2, name: a, endpoint: unix:///a, timeout: 3}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - kms: {apiVersion: v2, name: a, endpoint: unix:///a, timeout: abc}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - kms: {apiVersion: v2, name: a, endpoint: unix:///a, cachesize: x}\n",
	head + "resources:\n- resources: [secrets]\n  providers:\n  - kms: {apiVersion: v2, name: a, endpoint: unix:///a, cacheSize: 1}\n",
	head + "metadata: {name: a}\nresources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n",
}

// A value that is stored under a key of the store, and what a configuration reads in it.
type reading struct {
	Configuration int    `json:"configuration"`
	Resource      string `json:"resource"`
	Key           string `json:"key"`
	Stored        []byte `json:"stored"`
	Value         []byte `json:"value,omitempty"`
	Stale         bool   `json:"stale,omitempty"`
	Error         string `json:"error,omitempty"`
}

type golden struct {
	Configurations []judged  `json:"configurations"`
	Readers        []string  `json:"readers"`
	Readings       []reading `json:"readings"`
}

func readers() []string {
	gcm, cbc, box := []any{key("a", 16), key("b", 24), key("c", 32)}, []any{key("a", 32), key("b", 16)}, []any{key("a", 32), key("c", 32)}
	of := func(resources []string, providers ...any) any {
		return fields{"resources": resources, "providers": providers}
	}
	aesgcm := func(keys ...any) any { return fields{"aesgcm": fields{"keys": keys}} }
	aescbc := func(keys ...any) any { return fields{"aescbc": fields{"keys": keys}} }
	secretbox := func(keys ...any) any { return fields{"secretbox": fields{"keys": keys}} }
	plain := fields{"identity": fields{}}
	kms := func(name string) any {
		return fields{"kms": fields{"apiVersion": "v2", "name": name, "endpoint": "unix:///" + name}}
	}
	secrets := []string{"secrets"}
	return []string{
		configuration(of(secrets, aesgcm(gcm...), plain)),
		configuration(of(secrets, aesgcm(gcm[1], gcm[0]), aescbc(cbc...), secretbox(box...), plain)),
		configuration(of(secrets, aescbc(cbc...))),
		configuration(of(secrets, aescbc(cbc[1]), aescbc(cbc[0]), secretbox(box[1]), aesgcm(gcm[2]))),
		configuration(of(secrets, secretbox(box...), plain, aesgcm(gcm...))),
		configuration(of(secrets, plain, aesgcm(gcm...), aescbc(cbc...))),
		// The same names, other keys.
		configuration(of(secrets, aesgcm(key("a", 16), gcm[1]), aesgcm(gcm[0]), aescbc(key("a", 32)), secretbox(key("a", 32)))),
		configuration(of([]string{"configmaps", "*.apps"}, aesgcm(gcm[0])), of([]string{"*."}, plain), of([]string{"*.*"}, secretbox(box[0]))),
		configuration(of([]string{"events"}, plain), of(secrets, aesgcm(gcm[0])), of(secrets, plain), of([]string{"*.*"}, aescbc(cbc[0]))),
		configuration(of(secrets, kms("first"), plain)),
		configuration(of(secrets, kms("second"), kms("first"), aesgcm(gcm[0]))),
		configuration(of(secrets, kms("annotated"), kms("second"))),
	}
}

func made() ([]string, []reading) {
	encryptionconfig.EnvelopeKMSv2ServiceFactory = func(_ context.Context, _, name string, _ time.Duration) (kmsservice.Service, error) {
		return plugin{keyID: name}, nil
	}
	texts := readers()
	var loaded []encryptionconfig.StaticTransformers
	for _, text := range texts {
		config, err := load(text, false)
		must(err)
		loaded = append(loaded, config.Transformers)
	}
	resources := []string{"secrets", "configmaps", "deployments.apps", "events", "pandas.awesome.bears.example"}
	transformer := func(at int, resource string) value.Transformer {
		return loaded[at].TransformerForResource(schema.ParseGroupResource(resource))
	}
	var readings []reading
	for range 900 {
		resource := oneOf("secrets", "secrets", "secrets", "secrets", oneOf(resources...))
		path := "/registry/" + resource + "/default/" + oneOf("one", "two", "three-é")
		plain := make([]byte, oneOf(0, 1, 15, 16, 17, 100, 1000))
		chance.Read(plain)
		plain = append([]byte(`{"k":`), plain...)
		from := chance.Intn(len(texts))
		stored, err := transformer(from, oneOf(resource, resource, "secrets")).TransformToStorage(context.Background(), plain, value.DefaultContext(path))
		must(err)
		at := oneOf(from, chance.Intn(len(texts)))
		readAt := path
		switch chance.Intn(12) {
		case 0:
			readAt += "x"
		case 1:
			stored[chance.Intn(len(stored))] ^= byte(1 << chance.Intn(8))
		case 2:
			stored = stored[:chance.Intn(len(stored))]
		case 3:
			stored = stored[:len(stored)-chance.Intn(3)]
		case 4:
			stored = []byte(oneOf("", "k8s:enc:", "k8s:enc:aesgcm:v1:a:", "k8s:enc:aesgcm:v1:a:short", "k8s:enc:aescbc:v1:a:0123456789abcdef", "k8s:enc:aescbc:v1:a:0123456789abcdefg", "k8s:enc:secretbox:v1:a:short", "k8s:enc:kms:v2:first:", "k8s:enc:kms:v2:first:x", "k8s:enc:kms:v1:first:x", "{}", "k8s:enc"))
		}
		if strings.HasPrefix(string(stored), "k8s:enc:aescbc:v1:a:") && len(stored) == len("k8s:enc:aescbc:v1:a:")+16 {
			continue // kube-apiserver panics.
		}
		out, stale, err := transformer(at, resource).TransformFromStorage(context.Background(), stored, value.DefaultContext(readAt))
		one := reading{Configuration: at, Resource: resource, Key: readAt, Stored: stored, Value: out, Stale: stale}
		if err != nil {
			one.Value, one.Stale, one.Error = nil, false, err.Error()
		}
		readings = append(readings, one)
	}
	return texts, readings
}

func main() {
	flags := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(flags)
	must(flags.Parse([]string{"-logtostderr=false", "-stderrthreshold=FATAL"}))
	klog.SetOutput(nothing{})
	var all golden
	all.Readers, all.Readings = made()
	for _, text := range written {
		all.Configurations = append(all.Configurations, judge(text, false))
	}
	for range 1200 {
		all.Configurations = append(all.Configurations, judge(randomConfiguration(), chance.Intn(4) == 0))
	}
	text, err := json.Marshal(all)
	must(err)
	must(os.WriteFile(os.Args[1], text, 0o644))
	fmt.Println(len(all.Configurations), "configurations,", len(all.Readings), "readings,", len(text), "bytes")
}

type nothing struct{}

func (nothing) Write(text []byte) (int, error) { return len(text), nil }
