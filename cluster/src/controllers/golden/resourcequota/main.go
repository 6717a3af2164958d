package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"time"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/controller/resourcequota"
	"k8s.io/utils/ptr"
)

type Case struct {
	Quota    *v1.ResourceQuota       `json:"quota"`
	Objects  []runtime.Object        `json:"objects"`
	Expected *v1.ResourceQuotaStatus `json:"expected,omitempty"`
}

var r *rand.Rand

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }

var names = []string{"pods", "count/pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "ephemeral-storage", "requests.ephemeral-storage",
	"limits.ephemeral-storage", "hugepages-2Mi", "requests.hugepages-2Mi", "requests.example.com/gpu", "services", "count/services", "services.nodeports", "services.loadbalancers",
	"persistentvolumeclaims", "count/persistentvolumeclaims", "requests.storage", "gold.storageclass.storage.k8s.io/requests.storage", "gold.storageclass.storage.k8s.io/persistentvolumeclaims",
	"configmaps", "count/configmaps", "secrets", "replicationcontrollers", "resourcequotas", "count/deployments.apps", "count/nothings.example.com"}

func hard(n int) v1.ResourceList {
	list := v1.ResourceList{}
	for i := 0; i < n; i++ {
		list[v1.ResourceName(names[r.Intn(len(names))])] = resource.MustParse(pick("0", "5", "1500m", "2Gi", "10"))
	}
	return list
}

func amounts() v1.ResourceList {
	list := v1.ResourceList{}
	for _, name := range []string{"cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "example.com/gpu"} {
		if chance(0.45) {
			switch name {
			case "cpu":
				list[v1.ResourceName(name)] = resource.MustParse(pick("100m", "1", "250m", "0", "1500m", "0.1"))
			case "example.com/gpu":
				list[v1.ResourceName(name)] = resource.MustParse(pick("1", "2"))
			default:
				list[v1.ResourceName(name)] = resource.MustParse(pick("1Gi", "100M", "512Mi", "1000", "0"))
			}
		}
	}
	return list
}

func container(name string) v1.Container {
	c := v1.Container{Name: name, Image: "main"}
	if chance(0.8) {
		c.Resources.Requests = amounts()
	}
	if chance(0.5) {
		c.Resources.Limits = amounts()
	}
	return c
}

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}
}

func pod(i int) *v1.Pod {
	p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: meta(fmt.Sprintf("pod-%d", i))}
	p.Spec.Containers = append(p.Spec.Containers, container("main"))
	if chance(0.3) {
		p.Spec.Containers = append(p.Spec.Containers, container("beside"))
	}
	for n := r.Intn(6); n > 0 && chance(0.8); n-- {
		init := container(fmt.Sprintf("init-%d", n))
		if chance(0.5) {
			init.RestartPolicy = ptr.To(v1.ContainerRestartPolicyAlways)
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, init)
	}
	if chance(0.1) {
		p.Spec.Resources = &v1.ResourceRequirements{Requests: amounts(), Limits: amounts()}
	}
	if chance(0.1) {
		p.Spec.Overhead = v1.ResourceList{"cpu": resource.MustParse("50m"), "memory": resource.MustParse("10Mi")}
	}
	if chance(0.2) {
		p.Spec.ActiveDeadlineSeconds = ptr.To(int64(100))
	}
	p.Spec.PriorityClassName = pick("", "", "high", "low")
	if chance(0.1) {
		term := v1.PodAffinityTerm{TopologyKey: "zone"}
		if chance(0.5) {
			term.Namespaces = []string{"other"}
		} else if chance(0.5) {
			term.NamespaceSelector = &metav1.LabelSelector{}
		}
		p.Spec.Affinity = &v1.Affinity{}
		if chance(0.5) {
			p.Spec.Affinity.PodAffinity = &v1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []v1.PodAffinityTerm{term}}
		} else {
			p.Spec.Affinity.PodAntiAffinity = &v1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []v1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: term}}}
		}
	}
	p.Status.Phase = pick(v1.PodRunning, v1.PodRunning, v1.PodPending, v1.PodFailed, v1.PodSucceeded)
	if chance(0.2) {
		p.Status.QOSClass = pick(v1.PodQOSBestEffort, v1.PodQOSBurstable)
	}
	if chance(0.2) {
		has := amounts()
		p.Status.ContainerStatuses = []v1.ContainerStatus{{Name: "main", AllocatedResources: amounts(), Resources: &v1.ResourceRequirements{Requests: has, Limits: amounts()}}}
		if chance(0.4) {
			p.Status.Conditions = []v1.PodCondition{{Type: v1.PodResizePending, Status: v1.ConditionTrue, Reason: pick("Infeasible", "Deferred")}}
		}
	}
	if chance(0.1) {
		// Upstream reads the clock of the machine.
		p.DeletionTimestamp = ptr.To(metav1.NewTime(time.Date(pick(2020, 2099), 1, 1, 0, 0, 0, 0, time.UTC)))
		p.DeletionGracePeriodSeconds = ptr.To(int64(30))
	}
	return p
}

func scopes(q *v1.ResourceQuota) {
	if chance(0.5) {
		q.Spec.Scopes = []v1.ResourceQuotaScope{pick(v1.ResourceQuotaScopeTerminating, v1.ResourceQuotaScopeNotTerminating, v1.ResourceQuotaScopeBestEffort, v1.ResourceQuotaScopeNotBestEffort, v1.ResourceQuotaScopeCrossNamespacePodAffinity, v1.ResourceQuotaScopePriorityClass)}
		if chance(0.3) {
			q.Spec.Scopes = append(q.Spec.Scopes, v1.ResourceQuotaScopeNotTerminating)
		}
		return
	}
	requirement := v1.ScopedResourceSelectorRequirement{ScopeName: pick(v1.ResourceQuotaScopePriorityClass, v1.ResourceQuotaScopePriorityClass, v1.ResourceQuotaScopeVolumeAttributesClass), Operator: pick(v1.ScopeSelectorOpIn, v1.ScopeSelectorOpNotIn, v1.ScopeSelectorOpExists, v1.ScopeSelectorOpDoesNotExist)}
	if requirement.Operator == v1.ScopeSelectorOpIn || requirement.Operator == v1.ScopeSelectorOpNotIn {
		requirement.Values = pick([]string{"high"}, []string{"high", "low"}, []string{"silver"})
	}
	q.Spec.ScopeSelector = &v1.ScopeSelector{MatchExpressions: []v1.ScopedResourceSelectorRequirement{requirement}}
}

func makeCase() (Case, map[schema.GroupVersionResource][]runtime.Object) {
	q := &v1.ResourceQuota{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ResourceQuota"}, ObjectMeta: meta("quota"), Spec: v1.ResourceQuotaSpec{Hard: hard(1 + r.Intn(8))}}
	if chance(0.35) {
		scopes(q)
	}
	if chance(0.4) {
		q.Status = v1.ResourceQuotaStatus{Hard: hard(r.Intn(4)), Used: hard(r.Intn(4))}
	}
	objects := map[schema.GroupVersionResource][]runtime.Object{}
	add := func(group, resource string, object runtime.Object) {
		key := schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}
		objects[key] = append(objects[key], object)
	}
	for i, n := 0, r.Intn(6); i < n; i++ {
		add("", "pods", pod(i))
	}
	for i, n := 0, r.Intn(4); i < n; i++ {
		s := &v1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: meta(fmt.Sprintf("service-%d", i))}
		s.Spec.Type = pick(v1.ServiceTypeClusterIP, v1.ServiceTypeNodePort, v1.ServiceTypeLoadBalancer)
		for p := r.Intn(3); p >= 0; p-- {
			s.Spec.Ports = append(s.Spec.Ports, v1.ServicePort{Port: int32(80 + p), NodePort: pick[int32](0, 30000)})
		}
		if chance(0.3) {
			s.Spec.AllocateLoadBalancerNodePorts = ptr.To(chance(0.5))
		}
		add("", "services", s)
	}
	for i, n := 0, r.Intn(4); i < n; i++ {
		c := &v1.PersistentVolumeClaim{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, ObjectMeta: meta(fmt.Sprintf("claim-%d", i))}
		c.Spec.Resources.Requests = v1.ResourceList{"storage": resource.MustParse(pick("1Gi", "500M", "0.5", "1500m"))}
		if chance(0.5) {
			c.Spec.StorageClassName = ptr.To(pick("gold", "other", ""))
		}
		if chance(0.1) {
			c.Annotations = map[string]string{"volume.beta.kubernetes.io/storage-class": pick("gold", "other")}
		}
		if chance(0.2) {
			c.Status.AllocatedResources = v1.ResourceList{"storage": resource.MustParse(pick("2Gi", "1", "1.5"))}
		}
		if chance(0.3) {
			c.Spec.VolumeAttributesClassName = ptr.To(pick("silver", "high"))
		}
		if chance(0.2) {
			c.Status.CurrentVolumeAttributesClassName = ptr.To("silver")
		}
		add("", "persistentvolumeclaims", c)
	}
	for i, n := 0, r.Intn(3); i < n; i++ {
		add("", "configmaps", &v1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: meta(fmt.Sprintf("map-%d", i))})
		add("", "secrets", &v1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta(fmt.Sprintf("secret-%d", i))})
		add("", "replicationcontrollers", &v1.ReplicationController{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ReplicationController"}, ObjectMeta: meta(fmt.Sprintf("rc-%d", i))})
		add("apps", "deployments", &apps.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: meta(fmt.Sprintf("deployment-%d", i))})
	}
	add("", "resourcequotas", q)
	c := Case{Quota: q}
	for key, each := range objects {
		if key.Resource != "resourcequotas" {
			c.Objects = append(c.Objects, each...)
		}
	}
	return c, objects
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 2500; n++ {
		c, objects := makeCase()
		c.Expected = resourcequota.GoldenSync(c.Quota.DeepCopy(), objects)
		if c.Expected != nil && chance(0.1) {
			// The same once more, with what was written.
			c.Quota.Status = *c.Expected.DeepCopy()
			c.Expected = resourcequota.GoldenSync(c.Quota.DeepCopy(), objects)
		}
		cases = append(cases, c)
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
