package main

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand"
	"os"
	"strings"

	authentication "k8s.io/api/authentication/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	resourceapi "k8s.io/api/resource/v1"
	storage "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/authentication/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/auth/nodeidentifier"
	"k8s.io/kubernetes/plugin/pkg/admission/noderestriction"
)

var r *rand.Rand

func pick[T any](xs ...T) T     { return xs[r.Intn(len(xs))] }
func maybe(percent int) bool    { return r.Intn(100) < percent }
func name(prefix string) string { return fmt.Sprintf("%s%d", prefix, r.Intn(3)) }
func pointer[T any](x T) *T     { return &x }
func local(n string) *v1.LocalObjectReference {
	return &v1.LocalObjectReference{Name: n}
}

// Write is what somebody wants to write, and what becomes of it.
type Write struct {
	User        string         `json:"user"`
	Groups      []string       `json:"groups,omitempty"`
	Operation   string         `json:"operation"`
	Group       string         `json:"group"`
	Resource    string         `json:"resource"`
	Subresource string         `json:"subresource,omitempty"`
	Namespace   string         `json:"namespace,omitempty"`
	Name        string         `json:"name,omitempty"`
	Object      runtime.Object `json:"object,omitempty"`
	Old         runtime.Object `json:"old,omitempty"`
	Reason      string         `json:"reason,omitempty"`
	Message     string         `json:"message,omitempty"`
}

// Cluster is what is there when they do.
type Cluster struct {
	Objects []runtime.Object `json:"objects"`
	Writes  []Write          `json:"writes"`
}

// The audience `granted` is given to every node.
type grants struct{}

func (grants) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	if a.GetVerb() == "request-serviceaccounts-token-audience" && a.GetResource() == "granted" && a.GetName() == "sa0" {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

func meta(kind, apiVersion string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: apiVersion}
}

func volume() v1.Volume {
	v := v1.Volume{Name: name("v")}
	switch r.Intn(16) {
	case 0:
		v.PersistentVolumeClaim = &v1.PersistentVolumeClaimVolumeSource{ClaimName: name("claim")}
	case 1:
		v.Ephemeral = &v1.EphemeralVolumeSource{VolumeClaimTemplate: &v1.PersistentVolumeClaimTemplate{}}
	case 2:
		v.CSI = &v1.CSIVolumeSource{Driver: name("driver")}
	case 3:
		v.Projected = &v1.ProjectedVolumeSource{Sources: []v1.VolumeProjection{pick(
			v1.VolumeProjection{ServiceAccountToken: &v1.ServiceAccountTokenProjection{Path: "t", Audience: pick("", "a", "b")}},
			v1.VolumeProjection{Secret: &v1.SecretProjection{}},
			v1.VolumeProjection{Secret: &v1.SecretProjection{LocalObjectReference: *local("s")}},
			v1.VolumeProjection{ConfigMap: &v1.ConfigMapProjection{}},
			v1.VolumeProjection{ConfigMap: &v1.ConfigMapProjection{LocalObjectReference: *local("c")}},
			v1.VolumeProjection{DownwardAPI: &v1.DownwardAPIProjection{}},
			v1.VolumeProjection{ClusterTrustBundle: &v1.ClusterTrustBundleProjection{Path: "x"}},
			v1.VolumeProjection{PodCertificate: &v1.PodCertificateProjection{SignerName: "x"}},
			v1.VolumeProjection{},
		)}}
	case 4:
		v.Secret = &v1.SecretVolumeSource{SecretName: pick("", "s")}
	case 5:
		v.ConfigMap = &v1.ConfigMapVolumeSource{LocalObjectReference: *local(pick("", "c"))}
	case 6:
		v.AzureFile = &v1.AzureFileVolumeSource{SecretName: pick("", "s"), ShareName: "x"}
	case 7:
		v.Glusterfs = &v1.GlusterfsVolumeSource{EndpointsName: "x"}
	case 8:
		v.AWSElasticBlockStore = &v1.AWSElasticBlockStoreVolumeSource{VolumeID: "aws://z/vol-1"}
	case 9:
		v.Cinder = &v1.CinderVolumeSource{VolumeID: "x", SecretRef: pick(nil, local("s"))}
	case 10:
		v.HostPath = &v1.HostPathVolumeSource{Path: "/"}
	case 11:
		v.Image = &v1.ImageVolumeSource{Reference: "x"}
	case 12:
		v.NFS = &v1.NFSVolumeSource{Server: "x"}
	case 13:
		v.GCEPersistentDisk = &v1.GCEPersistentDiskVolumeSource{PDName: "x"}
	default:
		v.EmptyDir = &v1.EmptyDirVolumeSource{}
	}
	return v
}

func volumes(most int) (out []v1.Volume) {
	for i := r.Intn(most + 1); i > 0; i-- {
		out = append(out, volume())
	}
	return
}

func cluster() ([]runtime.Object, map[string]types.UID) {
	uids := map[string]types.UID{}
	uid := func(key string) types.UID {
		uids[key] = types.UID(fmt.Sprint(r.Int31()))
		return uids[key]
	}
	objects := []runtime.Object{}
	for i := 0; i < 3; i++ {
		if n := fmt.Sprint("n", i); i == 0 || maybe(80) {
			objects = append(objects, &v1.Node{TypeMeta: meta("Node", "v1"), ObjectMeta: metav1.ObjectMeta{Name: n, UID: uid(n)}})
		}
		for _, ns := range []string{"a", "b"} {
			n := fmt.Sprint("p", i)
			p := &v1.Pod{TypeMeta: meta("Pod", "v1"), ObjectMeta: metav1.ObjectMeta{Name: n, Namespace: ns, UID: uid(ns + "/" + n), Labels: labels()}}
			p.Spec.NodeName, p.Spec.ServiceAccountName = pick("n0", "n0", name("n"), ""), name("sa")
			p.Spec.Volumes = volumes(3)
			p.Status = podStatus()
			if maybe(90) {
				objects = append(objects, p)
			}
			c := &v1.PersistentVolumeClaim{TypeMeta: meta("PersistentVolumeClaim", "v1"), ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("claim", i), Namespace: ns}}
			c.Spec.VolumeName = pick("", name("pv"), name("pv"))
			if maybe(80) {
				objects = append(objects, c)
			}
		}
		pv := &v1.PersistentVolume{TypeMeta: meta("PersistentVolume", "v1"), ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("pv", i)}}
		switch r.Intn(4) {
		case 0:
			pv.Spec.GCEPersistentDisk = &v1.GCEPersistentDiskVolumeSource{PDName: "x"}
		case 1:
			pv.Spec.NFS = &v1.NFSVolumeSource{Server: "x"}
		default:
			pv.Spec.CSI = &v1.CSIPersistentVolumeSource{Driver: name("driver")}
		}
		if maybe(85) {
			objects = append(objects, pv)
		}
		d := &storage.CSIDriver{TypeMeta: meta("CSIDriver", "storage.k8s.io/v1"), ObjectMeta: metav1.ObjectMeta{Name: pick(fmt.Sprint("driver", i), fmt.Sprint("driver", i), "ebs.csi.aws.com", "pd.csi.storage.gke.io", "cinder.csi.openstack.org")}}
		if maybe(70) {
			d.Spec.TokenRequests = []storage.TokenRequest{{Audience: pick("", "a", "b", "c")}}
		}
		if maybe(85) && uids[d.Name] == "" {
			uid(d.Name)
			objects = append(objects, d)
		}
	}
	return objects, uids
}

func labels() map[string]string {
	out := map[string]string{}
	for i := r.Intn(4); i > 0; i-- {
		key := pick("app", "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
			"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
			"failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region", "node-role.kubernetes.io/control-plane",
			"node-restriction.kubernetes.io/x", "x.node-restriction.kubernetes.io/x", "xnode-restriction.kubernetes.io/x", "kubelet.kubernetes.io/x",
			"a.kubelet.kubernetes.io/x", "node.kubernetes.io/x", "b.node.kubernetes.io/x", "anode.kubernetes.io/x", "k8s.io/x", "x.k8s.io/y", "xk8s.io/y", "kubernetes.io/x",
			"example.com/kubernetes.io", "unknown.kubernetes.io/x")
		out[key] = pick("", "1", "2")
	}
	return out
}

func podStatus() (out v1.PodStatus) {
	out.Phase = pick(v1.PodRunning, v1.PodPending)
	for i := r.Intn(3); i > 0; i-- {
		out.ResourceClaimStatuses = append(out.ResourceClaimStatuses, v1.PodResourceClaimStatus{Name: fmt.Sprint("r", i), ResourceClaimName: pick(nil, pointer("x"), pointer("y"))})
	}
	if maybe(25) {
		out.ExtendedResourceClaimStatus = &v1.PodExtendedResourceClaimStatus{ResourceClaimName: pick("x", "y")}
		if maybe(50) {
			out.ExtendedResourceClaimStatus.RequestMappings = []v1.ContainerExtendedResourceRequest{{ContainerName: "c", ResourceName: "r", RequestName: pick("1", "2")}}
		}
	}
	return
}

func container() v1.Container {
	c := v1.Container{Name: "c", Image: "i"}
	if maybe(8) {
		c.EnvFrom = []v1.EnvFromSource{pick(v1.EnvFromSource{SecretRef: &v1.SecretEnvSource{LocalObjectReference: *local("s")}}, v1.EnvFromSource{ConfigMapRef: &v1.ConfigMapEnvSource{LocalObjectReference: *local("c")}})}
	}
	return c
}

func mirror(uids map[string]types.UID, ns, n, me string) *v1.Pod {
	p := &v1.Pod{TypeMeta: meta("Pod", "v1"), ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: n}}
	if maybe(92) {
		p.Annotations = map[string]string{v1.MirrorPodAnnotationKey: pick("", "x")}
	}
	p.Spec.NodeName = pick(me, me, me, me, me, me, name("n"), "")
	owner := metav1.OwnerReference{APIVersion: "v1", Kind: "Node", Name: me, UID: uids[me], Controller: pointer(true)}
	switch r.Intn(14) {
	case 0:
		owner.APIVersion = "v2"
	case 1:
		owner.Kind = "Pod"
	case 2:
		owner.Name = name("n")
	case 3:
		owner.UID = "other"
	case 4:
		owner.Controller = pick(nil, pointer(false))
	case 5:
		owner.BlockOwnerDeletion = pick(pointer(true), pointer(false))
	}
	switch r.Intn(14) {
	case 0:
	case 1:
		p.OwnerReferences = []metav1.OwnerReference{owner, owner}
	default:
		p.OwnerReferences = []metav1.OwnerReference{owner}
	}
	p.Spec.Containers = []v1.Container{container()}
	if maybe(20) {
		p.Spec.InitContainers = []v1.Container{container()}
	}
	if maybe(5) {
		p.Spec.ServiceAccountName = "default"
	}
	if maybe(5) {
		p.Spec.ImagePullSecrets = []v1.LocalObjectReference{*local("s")}
	}
	if maybe(5) {
		p.Spec.ResourceClaims = []v1.PodResourceClaim{{Name: "r", ResourceClaimName: pointer("x")}}
	}
	p.Spec.Volumes = volumes(2)
	return p
}

func node(n string) *v1.Node {
	out := &v1.Node{TypeMeta: meta("Node", "v1"), ObjectMeta: metav1.ObjectMeta{Name: n, Labels: labels()}}
	if maybe(20) {
		out.Spec.Taints = []v1.Taint{{Key: pick("x", "y"), Effect: v1.TaintEffectNoSchedule}}
	}
	if maybe(10) {
		out.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pick("x", "y"), UID: "u"}}
	}
	if maybe(8) {
		out.Spec.ConfigSource = &v1.NodeConfigSource{ConfigMap: &v1.ConfigMapNodeConfigSource{Name: pick("x", "y"), Namespace: "a", KubeletConfigKey: "k"}}
	}
	return out
}

func claim(old *v1.PersistentVolumeClaim) *v1.PersistentVolumeClaim {
	out := old.DeepCopy()
	amount := v1.ResourceList{"storage": resource.MustParse(pick("1Gi", "2Gi"))}
	for i := 1 + r.Intn(2); i > 0; i-- {
		switch r.Intn(12) {
		case 0:
			out.Labels = map[string]string{"x": "y"}
		case 1:
			out.Spec.VolumeName = "other"
		case 2:
			out.Status.Phase = v1.ClaimLost
		case 3:
			out.Finalizers = append(out.Finalizers, "x")
		case 4:
			out.Status.Capacity = amount
		case 5:
			out.Status.Conditions = []v1.PersistentVolumeClaimCondition{{Type: "Resizing", Status: "True"}}
		case 6:
			out.Status.AllocatedResources = amount
		case 7:
			out.Status.AllocatedResourceStatuses = map[v1.ResourceName]v1.ClaimResourceStatus{"storage": v1.PersistentVolumeClaimNodeResizePending}
		case 8:
			out.ResourceVersion = pick("", "7")
		case 9:
			out.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "m"}}
		case 10:
			out.Annotations = map[string]string{}
		case 11:
			out.Status.CurrentVolumeAttributesClassName = pointer("x")
		}
	}
	return out
}

var keys = map[bool]*ecdsa.PrivateKey{}

func request(commonName string) []byte {
	key := keys[true]
	der, err := x509.CreateCertificateRequest(crand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName, Organization: []string{"system:nodes"}}}, key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pick("CERTIFICATE REQUEST", "CERTIFICATE REQUEST", "CERTIFICATE REQUEST", "CERTIFICATE"), Bytes: der})
}

func write(objects []runtime.Object, uids map[string]types.UID) Write {
	me := pick("n0", "n0", "n0", name("n"), "gone")
	w := Write{User: "system:node:" + me, Groups: []string{"system:nodes", "system:authenticated"}, Operation: "CREATE", Namespace: pick("a", "b")}
	switch r.Intn(30) {
	case 0:
		w.Groups = nil
	case 1:
		w.User = pick("system:node:", "ada")
	}
	pods, claims := []*v1.Pod{}, []*v1.PersistentVolumeClaim{}
	for _, o := range objects {
		switch x := o.(type) {
		case *v1.Pod:
			pods = append(pods, x)
		case *v1.PersistentVolumeClaim:
			claims = append(claims, x)
		}
	}
	pod := pods[r.Intn(len(pods))]
	switch r.Intn(22) {
	case 0, 1, 2:
		w.Resource, w.Name = "pods", name("p")
		w.Object = mirror(uids, w.Namespace, w.Name, me)
	case 3:
		w.Resource, w.Namespace, w.Name = "pods", pod.Namespace, pod.Name
		if w.Operation, w.Old = "DELETE", pod; maybe(30) {
			w.Operation, w.Object = "UPDATE", pod
		}
	case 4, 5:
		w.Resource, w.Subresource, w.Namespace, w.Name, w.Operation = "pods", "status", pod.Namespace, pod.Name, "UPDATE"
		after := pod.DeepCopy()
		if maybe(30) {
			after.Labels = labels()
		}
		if maybe(40) {
			after.Status = podStatus()
		}
		after.Status.Phase = v1.PodRunning
		w.Old, w.Object = pod, after
	case 6:
		w.Resource, w.Subresource, w.Name = "pods", "eviction", name("p")
		w.Object = &policy.Eviction{TypeMeta: meta("Eviction", "policy/v1"), ObjectMeta: metav1.ObjectMeta{Name: w.Name, Namespace: w.Namespace}}
	case 7:
		w.Resource, w.Subresource, w.Namespace, w.Name, w.Operation = "pods", pick("ephemeralcontainers", "resize", "binding"), pod.Namespace, pod.Name, "UPDATE"
		w.Old, w.Object = pod, pod
	case 8, 9, 10:
		w.Resource, w.Namespace, w.Name = "nodes", "", pick(me, me, me, name("n"))
		w.Object = node(w.Name)
	case 11, 12, 13:
		w.Resource, w.Namespace, w.Name, w.Operation, w.Subresource = "nodes", "", pick(me, me, me, me, name("n")), "UPDATE", pick("", "status")
		old := node(w.Name)
		after := old.DeepCopy()
		switch other := node(w.Name); r.Intn(6) {
		case 0, 1:
			after.Labels = other.Labels
		case 2:
			after.Spec.Taints = other.Spec.Taints
		case 3:
			after.OwnerReferences = other.OwnerReferences
		case 4:
			after.Spec.ConfigSource = other.Spec.ConfigSource
		}
		w.Old, w.Object = old, after
	case 14:
		old := claims[r.Intn(len(claims))]
		w.Resource, w.Namespace, w.Name, w.Operation, w.Subresource = "persistentvolumeclaims", old.Namespace, old.Name, "UPDATE", pick("status", "status", "status", "status", "")
		w.Old, w.Object = old, claim(old)
	case 15, 16, 17:
		// Mostly of a pod of its own, and otherwise right.
		for _, one := range pods {
			if one.Spec.NodeName == me && maybe(50) {
				pod = one
			}
		}
		w.Resource, w.Subresource, w.Name, w.Namespace = "serviceaccounts", "token", pick(pod.Spec.ServiceAccountName, "sa0"), pod.Namespace
		t := &authentication.TokenRequest{TypeMeta: meta("TokenRequest", "authentication.k8s.io/v1")}
		t.Spec.BoundObjectRef = &authentication.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}
		switch ref := t.Spec.BoundObjectRef; r.Intn(14) {
		case 0:
			t.Spec.BoundObjectRef = nil
		case 1:
			ref.APIVersion = pick("", "v2")
		case 2:
			ref.Kind = pick("Secret", "Node")
		case 3:
			ref.Name = pick("", "absent")
		case 4:
			ref.UID = pick(types.UID(""), "other")
		}
		for i := pick(0, 1, 1, 1, 1, 2); i > 0; i-- {
			t.Spec.Audiences = append(t.Spec.Audiences, pick("", "a", "b", "c", "granted"))
		}
		if maybe(6) {
			w.Subresource = ""
		}
		w.Object = t
	case 18:
		n := pick(me, me, name("n"))
		w.Group, w.Resource, w.Namespace, w.Name, w.Operation = "coordination.k8s.io", "leases", pick("kube-node-lease", "kube-node-lease", "a"), n, pick("CREATE", "UPDATE", "DELETE")
		w.Object = &coordination.Lease{TypeMeta: meta("Lease", "coordination.k8s.io/v1"), ObjectMeta: metav1.ObjectMeta{Name: n, Namespace: w.Namespace}}
	case 19:
		n := pick(me, me, name("n"))
		w.Group, w.Resource, w.Namespace, w.Name, w.Operation = "storage.k8s.io", "csinodes", "", n, pick("CREATE", "UPDATE", "DELETE")
		w.Object = &storage.CSINode{TypeMeta: meta("CSINode", "storage.k8s.io/v1"), ObjectMeta: metav1.ObjectMeta{Name: n}}
	case 20:
		w.Group, w.Resource, w.Namespace, w.Name, w.Operation = "resource.k8s.io", "resourceslices", "", "slice", pick("CREATE", "UPDATE", "DELETE")
		w.Object = &resourceapi.ResourceSlice{TypeMeta: meta("ResourceSlice", "resource.k8s.io/v1"), ObjectMeta: metav1.ObjectMeta{Name: "slice"}, Spec: resourceapi.ResourceSliceSpec{NodeName: pick(nil, &me, &me, pointer(name("n")))}}
	default:
		if maybe(30) {
			w.Group, w.Resource, w.Name = "certificates.k8s.io", "podcertificaterequests", "x"
			if maybe(50) {
				w.Group, w.Resource = "", "events"
			}
			w.Object = &v1.Event{TypeMeta: meta("Event", "v1"), ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: w.Namespace}}
			break
		}
		w.Group, w.Resource, w.Namespace, w.Name, w.Operation = "certificates.k8s.io", "certificatesigningrequests", "", "csr", pick("CREATE", "CREATE", "CREATE", "UPDATE")
		c := &certificates.CertificateSigningRequest{TypeMeta: meta("CertificateSigningRequest", "certificates.k8s.io/v1"), ObjectMeta: metav1.ObjectMeta{Name: "csr"}}
		c.Spec.SignerName = pick("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kube-apiserver-client", "example.com/x")
		c.Spec.Request = request(pick("system:node:"+me, "system:node:"+me, "system:node:"+name("n"), "ada"))
		w.Object = c
	}
	if w.Operation == "CREATE" && w.Subresource == "" && maybe(6) {
		// Its name is to be made.
		w.Name = ""
		accessor := w.Object.(metav1.ObjectMetaAccessor).GetObjectMeta()
		accessor.SetName("")
		accessor.SetGenerateName(pick("", "some-"))
	}
	if w.Operation == "DELETE" {
		if w.Old == nil {
			w.Old = w.Object
		}
		w.Object = nil
	}
	return w
}

func internal(o runtime.Object) runtime.Object {
	if o == nil {
		return nil
	}
	out, err := legacyscheme.Scheme.ConvertToVersion(o.DeepCopyObject(), schema.GroupVersion{Group: o.GetObjectKind().GroupVersionKind().Group, Version: runtime.APIVersionInternal})
	if err != nil {
		panic(err)
	}
	return out
}

func main() {
	keys[true], _ = ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	all := []Cluster{}
	count, refused := 0, 0
	for seed := int64(1); seed <= 60; seed++ {
		r = rand.New(rand.NewSource(seed))
		objects, uids := cluster()
		plugin := noderestriction.NewPlugin(nodeidentifier.NewDefaultNodeIdentifier())
		plugin.InspectFeatureGates(utilfeature.DefaultFeatureGate)
		factory := informers.NewSharedInformerFactory(fake.NewSimpleClientset(), 0)
		plugin.SetExternalKubeInformerFactory(factory)
		plugin.SetAuthorizer(grants{})
		if err := plugin.ValidateInitialization(); err != nil {
			panic(err)
		}
		for _, o := range objects {
			gvk := o.GetObjectKind().GroupVersionKind()
			informer, err := factory.ForResource(gvk.GroupVersion().WithResource(strings.ToLower(gvk.Kind) + "s"))
			if err != nil {
				panic(err)
			}
			informer.Informer().GetIndexer().Add(o)
		}
		c := Cluster{Objects: objects}
		for i := 0; i < 120; i++ {
			w := write(objects, uids)
			u := &user.DefaultInfo{Name: w.User, Groups: w.Groups}
			resource := schema.GroupVersionResource{Group: w.Group, Version: "v1", Resource: w.Resource}
			a := admission.NewAttributesRecord(internal(w.Object), internal(w.Old), schema.GroupVersionKind{}, w.Namespace, w.Name, resource, w.Subresource, admission.Operation(w.Operation), nil, false, u)
			count++
			if err := plugin.Admit(context.Background(), a, nil); err != nil {
				refused++
				w.Reason, w.Message = string(apierrors.ReasonForError(err)), err.Error()
				// What differs is shown in a form of Go's.
				if at := strings.Index(w.Message, "status.conditions: "); at > 0 {
					w.Message = w.Message[:at] + "status.conditions"
				}
			}
			c.Writes = append(c.Writes, w)
		}
		all = append(all, c)
	}
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	zip, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err := json.NewEncoder(zip).Encode(all); err != nil {
		panic(err)
	}
	zip.Close()
	file.Close()
	fmt.Println(count, "writes,", refused, "refused")
}
