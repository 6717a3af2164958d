package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	storage "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/kubernetes/pkg/auth/nodeidentifier"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/node"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

var r *rand.Rand

func pick[T any](xs ...T) T                   { return xs[r.Intn(len(xs))] }
func maybe(percent int) bool                  { return r.Intn(100) < percent }
func name(prefix string) string               { return fmt.Sprintf("%s%d", prefix, r.Intn(6)) }
func namespace() string                       { return pick("a", "b") }
func pointer[T any](x T) *T                   { return &x }
func local(n string) *v1.LocalObjectReference { return &v1.LocalObjectReference{Name: n} }

// Step is a change of one object, by what it was and what it is.
type Step struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
	// User, groups, verb, group, resource, subresource, namespace, name, field selector; whether it is allowed, why not.
	Questions [][]any `json:"questions"`
}

type Golden struct {
	Rules    any      `json:"rules"`
	Clusters [][]Step `json:"clusters"`
}

func secretName() string { return pick(name("s"), name("s"), name("s"), "") }

func volume() v1.Volume {
	v := v1.Volume{Name: name("v")}
	switch r.Intn(17) {
	case 0:
		v.Secret = &v1.SecretVolumeSource{SecretName: secretName()}
	case 1:
		v.ConfigMap = &v1.ConfigMapVolumeSource{LocalObjectReference: *local(name("c"))}
	case 2, 3:
		v.PersistentVolumeClaim = &v1.PersistentVolumeClaimVolumeSource{ClaimName: name("claim")}
	case 4:
		v.Ephemeral = &v1.EphemeralVolumeSource{}
	case 5:
		v.Projected = &v1.ProjectedVolumeSource{Sources: []v1.VolumeProjection{
			{Secret: &v1.SecretProjection{LocalObjectReference: *local(secretName())}},
			{ConfigMap: &v1.ConfigMapProjection{LocalObjectReference: *local(name("c"))}},
			{ServiceAccountToken: &v1.ServiceAccountTokenProjection{Path: "token"}},
		}}
	case 6:
		v.AzureFile = &v1.AzureFileVolumeSource{SecretName: secretName()}
	case 7:
		v.CephFS = &v1.CephFSVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 8:
		v.Cinder = &v1.CinderVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 9:
		v.FlexVolume = &v1.FlexVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 10:
		v.RBD = &v1.RBDVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 11:
		v.ScaleIO = &v1.ScaleIOVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 12:
		v.ISCSI = &v1.ISCSIVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 13:
		v.StorageOS = &v1.StorageOSVolumeSource{SecretRef: pick(nil, local(secretName()))}
	case 14:
		v.CSI = &v1.CSIVolumeSource{Driver: "d", NodePublishSecretRef: pick(nil, local(secretName()))}
	case 15:
		v.EmptyDir = &v1.EmptyDirVolumeSource{}
	default:
		v.HostPath = &v1.HostPathVolumeSource{Path: "/"}
	}
	return v
}

func env() (out []v1.EnvVar) {
	for i := r.Intn(3); i > 0; i-- {
		source := &v1.EnvVarSource{}
		switch r.Intn(3) {
		case 0:
			source.SecretKeyRef = &v1.SecretKeySelector{LocalObjectReference: *local(secretName()), Key: "k"}
		case 1:
			source.ConfigMapKeyRef = &v1.ConfigMapKeySelector{LocalObjectReference: *local(name("c")), Key: "k"}
		default:
			source.FieldRef = &v1.ObjectFieldSelector{FieldPath: "metadata.name"}
		}
		out = append(out, v1.EnvVar{Name: "E", ValueFrom: pick(source, source, nil)})
	}
	return
}

func envFrom() (out []v1.EnvFromSource) {
	if maybe(20) {
		out = append(out, v1.EnvFromSource{SecretRef: &v1.SecretEnvSource{LocalObjectReference: *local(secretName())}})
	}
	if maybe(20) {
		out = append(out, v1.EnvFromSource{ConfigMapRef: &v1.ConfigMapEnvSource{LocalObjectReference: *local(name("c"))}})
	}
	return
}

func container() v1.Container { return v1.Container{Name: "x", Env: env(), EnvFrom: envFrom()} }

func ephemeral() v1.EphemeralContainer {
	return v1.EphemeralContainer{EphemeralContainerCommon: v1.EphemeralContainerCommon{Name: "y", Env: env(), EnvFrom: envFrom()}}
}

func claimStatuses(pod *v1.Pod) (out []v1.PodResourceClaimStatus) {
	for _, claim := range pod.Spec.ResourceClaims {
		if claim.ResourceClaimTemplateName != nil && maybe(70) {
			out = append(out, v1.PodResourceClaimStatus{Name: claim.Name, ResourceClaimName: pick(nil, pointer(name("r")), pointer(name("r")))})
		}
	}
	return
}

func pod(ns, n string) *v1.Pod {
	p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: n, UID: types.UID(fmt.Sprint(r.Int31()))}}
	p.Spec.NodeName = pick("", name("n"), name("n"), name("n"), name("n"))
	p.Spec.ServiceAccountName = pick("", name("sa"), name("sa"))
	if maybe(8) {
		p.Annotations = map[string]string{v1.MirrorPodAnnotationKey: pick("", "x")}
	}
	p.Spec.Containers = []v1.Container{container()}
	if maybe(30) {
		p.Spec.InitContainers = []v1.Container{container()}
	}
	if maybe(15) {
		p.Spec.EphemeralContainers = []v1.EphemeralContainer{ephemeral()}
	}
	if maybe(20) {
		p.Spec.ImagePullSecrets = []v1.LocalObjectReference{*local(secretName())}
	}
	for i := r.Intn(4); i > 0; i-- {
		p.Spec.Volumes = append(p.Spec.Volumes, volume())
	}
	for i := r.Intn(3); i > 0; i-- {
		claim := v1.PodResourceClaim{Name: fmt.Sprint("r", i)}
		switch r.Intn(5) {
		case 0, 1:
			claim.ResourceClaimName = pointer(name("r"))
		case 2, 3:
			claim.ResourceClaimTemplateName = pointer("t")
		}
		p.Spec.ResourceClaims = append(p.Spec.ResourceClaims, claim)
	}
	p.Status.ResourceClaimStatuses = claimStatuses(p)
	if maybe(10) {
		p.Status.ExtendedResourceClaimStatus = &v1.PodExtendedResourceClaimStatus{ResourceClaimName: pick("", name("r"))}
	}
	return p
}

func changedPod(before *v1.Pod) *v1.Pod {
	p := before.DeepCopy()
	if p.Spec.NodeName == "" && maybe(60) {
		p.Spec.NodeName = name("n")
	}
	switch r.Intn(5) {
	case 0:
		p.Spec.EphemeralContainers = append(p.Spec.EphemeralContainers, ephemeral())
	case 1:
		p.Status.ResourceClaimStatuses = claimStatuses(p)
	case 2:
		if before.Spec.NodeName != "" {
			// An informer that begins now knows more than one that looked before.
			return p
		}
		p.Status.ExtendedResourceClaimStatus = &v1.PodExtendedResourceClaimStatus{ResourceClaimName: name("r")}
	case 3:
		p.Status.Phase = v1.PodRunning
	default:
		return pod(p.Namespace, p.Name)
	}
	return p
}

func away() *v1.SecretReference {
	return pick(nil, &v1.SecretReference{Name: secretName(), Namespace: pick("a", "b", "")}, &v1.SecretReference{Name: secretName(), Namespace: pick("a", "b")})
}

func persistentVolume(n string) *v1.PersistentVolume {
	p := &v1.PersistentVolume{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolume"}, ObjectMeta: metav1.ObjectMeta{Name: n}}
	if maybe(85) {
		p.Spec.ClaimRef = &v1.ObjectReference{Namespace: namespace(), Name: pick(name("claim"), name("claim"), name("claim"), name("p")+"-"+name("v"))}
	}
	s := &p.Spec.PersistentVolumeSource
	switch r.Intn(10) {
	case 0:
		s.AzureFile = &v1.AzureFilePersistentVolumeSource{SecretName: secretName(), SecretNamespace: pick(nil, pointer(""), pointer("a"), pointer("b"))}
	case 1:
		s.CephFS = &v1.CephFSPersistentVolumeSource{SecretRef: away()}
	case 2:
		s.Cinder = &v1.CinderPersistentVolumeSource{SecretRef: away()}
	case 3:
		s.FlexVolume = &v1.FlexPersistentVolumeSource{SecretRef: away()}
	case 4:
		s.RBD = &v1.RBDPersistentVolumeSource{SecretRef: away()}
	case 5:
		s.ScaleIO = &v1.ScaleIOPersistentVolumeSource{SecretRef: away()}
	case 6:
		s.ISCSI = &v1.ISCSIPersistentVolumeSource{SecretRef: away()}
	case 7:
		s.StorageOS = &v1.StorageOSPersistentVolumeSource{}
		if maybe(70) {
			s.StorageOS.SecretRef = &v1.ObjectReference{Namespace: pick("a", "b", ""), Name: secretName()}
		}
	case 8:
		s.CSI = &v1.CSIPersistentVolumeSource{ControllerPublishSecretRef: away(), NodeStageSecretRef: away(), NodePublishSecretRef: away(), ControllerExpandSecretRef: away(), NodeExpandSecretRef: away()}
	default:
		s.HostPath = &v1.HostPathVolumeSource{Path: "/"}
	}
	return p
}

type verbs []string

var every = verbs{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// What is asked about, and by which names there are such.
var resources = []struct {
	group, resource string
	subresources    []string
	namespaced      bool
	names           []string
}{
	{"", "secrets", nil, true, []string{"s"}},
	{"", "secrets", []string{"status"}, true, []string{"s"}},
	{"", "configmaps", nil, true, []string{"c"}},
	{"", "persistentvolumeclaims", []string{"status"}, true, []string{"claim"}},
	{"", "persistentvolumes", []string{"status"}, false, []string{"pv"}},
	{"", "pods", []string{"status", "eviction", "exec", "log", "ephemeralcontainers", "binding", "resize"}, true, []string{"p"}},
	{"", "nodes", []string{"status", "proxy"}, false, []string{"n"}},
	{"", "serviceaccounts", []string{"token", "token", "token", "status"}, true, []string{"sa"}},
	{"resource.k8s.io", "resourceclaims", []string{"status"}, true, []string{"r"}},
	{"resource.k8s.io", "resourceslices", []string{"status"}, false, []string{"slice"}},
	{"storage.k8s.io", "volumeattachments", []string{"status"}, false, []string{"va"}},
	{"storage.k8s.io", "csinodes", []string{"status"}, false, []string{"n"}},
	{"storage.k8s.io", "csidrivers", nil, false, []string{"d"}},
	{"coordination.k8s.io", "leases", []string{"status"}, true, []string{"n"}},
	{"certificates.k8s.io", "certificatesigningrequests", []string{"status", "approval", "selfnodeclient"}, false, []string{"csr"}},
	{"certificates.k8s.io", "podcertificaterequests", []string{"status"}, true, []string{"pcr"}},
	{"certificates.k8s.io", "clustertrustbundles", nil, false, []string{"t"}},
	{"", "events", nil, true, []string{"e"}},
	{"events.k8s.io", "events", nil, true, []string{"e"}},
	{"", "services", []string{"status", "proxy"}, true, []string{"svc"}},
	{"", "endpoints", nil, true, []string{"svc"}},
	{"", "namespaces", nil, false, []string{"a"}},
	{"node.k8s.io", "runtimeclasses", nil, false, []string{"rc"}},
	{"authentication.k8s.io", "tokenreviews", nil, false, []string{"x"}},
	{"authorization.k8s.io", "subjectaccessreviews", nil, false, []string{"x"}},
	{"authorization.k8s.io", "localsubjectaccessreviews", nil, true, []string{"x"}},
	{"apps", "deployments", nil, true, []string{"x"}},
	{"", "bindings", nil, true, []string{"p"}},
}

func question(a *node.NodeAuthorizer) []any {
	me := name("n")
	u := &user.DefaultInfo{Name: "system:node:" + me, Groups: []string{"system:nodes", "system:authenticated"}}
	switch r.Intn(40) {
	case 0:
		u.Groups = pick([]string{"system:authenticated"}, []string{"system:node"}, nil)
	case 1:
		u.Name = pick("system:node:", "system:node", "ada", "system:nodes", "system:node:other")
	}
	which := resources[r.Intn(len(resources))]
	if maybe(50) {
		which = resources[r.Intn(14)]
	}
	q := authorizer.AttributesRecord{User: u, Verb: every[r.Intn(len(every))], APIGroup: which.group, APIVersion: "v1", Resource: which.resource, ResourceRequest: true}
	if maybe(50) {
		q.Verb = pick("get", "get", "list", "watch")
	}
	if len(which.subresources) > 0 && maybe(35) {
		q.Subresource = which.subresources[r.Intn(len(which.subresources))]
		if q.Subresource == "token" && maybe(70) {
			q.Verb = "create"
		}
	}
	if maybe(12) {
		// What pods come to after they were bound.
		which = resources[8]
		q.APIGroup, q.Resource, q.Subresource, q.Verb = which.group, which.resource, "", "get"
	}
	if which.namespaced && maybe(92) {
		q.Namespace = namespace()
		if which.resource == "leases" && maybe(70) {
			q.Namespace = "kube-node-lease"
		}
	}
	q.Name = pick(name(which.names[0]), name(which.names[0]), name(which.names[0]), "")
	if which.resource == "persistentvolumeclaims" && maybe(25) {
		q.Name = name("p") + "-" + name("v")
	}
	if which.names[0] == "n" && maybe(40) {
		q.Name = me
	}
	selector := ""
	if q.Verb == "list" || q.Verb == "watch" || q.Verb == "deletecollection" {
		q.Name = pick(q.Name, "")
		selector = pick("", "spec.nodeName="+me, "spec.nodeName="+me, "spec.nodeName=="+me+",status.phase=Running", "spec.nodeName!="+me, "spec.nodeName="+name("n"),
			"metadata.name="+me, "nodeName="+me, "spec.nodeName=")
		if which.resource == "resourceslices" && maybe(50) {
			selector = pick("spec.nodeName=", "spec.driver=d,spec.nodeName=") + pick(me, me, name("n"))
		}
	}
	if selector != "" {
		parsed, err := fields.ParseSelector(selector)
		if err != nil {
			panic(err)
		}
		q.FieldSelectorRequirements = parsed.Requirements()
	}
	decision, reason, _ := a.Authorize(context.Background(), q)
	return []any{u.Name, u.Groups, q.Verb, q.APIGroup, q.Resource, q.Subresource, q.Namespace, q.Name, selector, decision == authorizer.DecisionAllow, reason}
}

func cluster(seed int64) []Step {
	r = rand.New(rand.NewSource(seed))
	graph := node.GoldenNew()
	a := node.NewAuthorizer(graph.Graph, nodeidentifier.NewDefaultNodeIdentifier(), bootstrappolicy.NodeRules())
	pods, volumes, attachments, slices := map[string]*v1.Pod{}, map[string]*v1.PersistentVolume{}, map[string]*storage.VolumeAttachment{}, map[string]*resourceapi.ResourceSlice{}
	steps := []Step{}
	for i := 0; i < 60; i++ {
		step := Step{}
		switch r.Intn(9) {
		default:
			ns, n := namespace(), name("p")
			before := pods[ns+"/"+n]
			if before == nil {
				after := pod(ns, n)
				pods[ns+"/"+n], step.After = after, after
				graph.Pod(nil, after)
			} else if maybe(45) {
				step.Before = before
				delete(pods, ns+"/"+n)
				graph.Pod(before, nil)
			} else {
				after := changedPod(before)
				pods[ns+"/"+n], step.Before, step.After = after, before, after
				if before.UID != after.UID && before.Spec.NodeName != "" && after.Spec.NodeName == "" {
					// An informer that missed the deletion says so; a watch tells of both.
					after.Spec.NodeName = name("n")
				}
				graph.Pod(before, after)
			}
		case 6, 7:
			n := name("pv")
			before, after := volumes[n], persistentVolume(n)
			step.After, volumes[n] = after, after
			if before == nil {
				graph.Volume(nil, after)
			} else if step.Before = before; maybe(40) {
				delete(volumes, n)
				step.After = nil
				graph.Volume(before, nil)
			} else {
				graph.Volume(before, after)
			}
		case 8:
			if maybe(50) {
				n := name("va")
				before := attachments[n]
				after := &storage.VolumeAttachment{TypeMeta: metav1.TypeMeta{APIVersion: "storage.k8s.io/v1", Kind: "VolumeAttachment"}, ObjectMeta: metav1.ObjectMeta{Name: n}, Spec: storage.VolumeAttachmentSpec{NodeName: pick(name("n"), name("n"), "")}}
				if before == nil {
					attachments[n], step.After = after, after
					graph.Attachment(nil, after)
				} else if step.Before = before; maybe(40) {
					delete(attachments, n)
					graph.Attachment(before, nil)
				} else {
					attachments[n], step.After = after, after
					graph.Attachment(before, after)
				}
			} else {
				n := name("slice")
				if before := slices[n]; before != nil {
					delete(slices, n)
					step.Before = before
					graph.Slice(before, nil)
				} else {
					after := &resourceapi.ResourceSlice{TypeMeta: metav1.TypeMeta{APIVersion: "resource.k8s.io/v1", Kind: "ResourceSlice"}, ObjectMeta: metav1.ObjectMeta{Name: n}, Spec: resourceapi.ResourceSliceSpec{NodeName: pick(nil, pointer(name("n")), pointer(name("n")), pointer(""))}}
					slices[n], step.After = after, after
					graph.Slice(nil, after)
				}
			}
		}
		for j := 0; j < 12; j++ {
			step.Questions = append(step.Questions, question(a))
		}
		steps = append(steps, step)
	}
	return steps
}

func main() {
	golden := Golden{Rules: bootstrappolicy.NodeRules()}
	for seed := int64(1); seed <= 50; seed++ {
		golden.Clusters = append(golden.Clusters, cluster(seed))
	}
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	zip, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err := json.NewEncoder(zip).Encode(golden); err != nil {
		panic(err)
	}
	zip.Close()
	file.Close()
	allowed, all := 0, 0
	for _, steps := range golden.Clusters {
		for _, step := range steps {
			for _, q := range step.Questions {
				all++
				if q[9].(bool) {
					allowed++
				}
			}
		}
	}
	fmt.Println(all, "questions,", allowed, "allowed")
}
