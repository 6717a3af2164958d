package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"time"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/controller/disruption"
	"k8s.io/utils/ptr"
)

type Case struct {
	Objects  []any                         `json:"objects"`
	Gadgets  map[string]*autoscaling.Scale `json:"gadgets,omitempty"`
	Expected disruption.GoldenResult       `json:"expected"`
}

var r *rand.Rand
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func owner(apiVersion, kind, name string, uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, UID: uid, Controller: ptr.To(true)}}
}

func makeCase() (disruption.GoldenObjects, []any) {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}
	}
	kind := func(apiVersion, kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
	}
	o := disruption.GoldenObjects{Gadgets: map[string]*autoscaling.Scale{}}
	var refs [][]metav1.OwnerReference
	if chance(0.5) {
		dep := &apps.Deployment{TypeMeta: kind("apps/v1", "Deployment"), ObjectMeta: meta("dep"), Spec: apps.DeploymentSpec{Replicas: ptr.To(int32(r.Intn(6)))}}
		if chance(0.9) {
			o.Deployments = append(o.Deployments, dep)
		}
		for i := 0; i < 2; i++ {
			rs := &apps.ReplicaSet{TypeMeta: kind("apps/v1", "ReplicaSet"), ObjectMeta: meta(fmt.Sprintf("dep-%d", i)), Spec: apps.ReplicaSetSpec{Replicas: ptr.To(int32(r.Intn(4)))}}
			rs.OwnerReferences = owner("apps/v1", "Deployment", "dep", pick[types.UID]("dep", "dep", "dep", "other"))
			if o.Deployments == nil || rs.OwnerReferences[0].UID == "other" {
				// The fake scales do not know of replica sets.
				rs.OwnerReferences[0].UID = "dep"
				if o.Deployments == nil {
					o.Deployments = append(o.Deployments, dep)
				}
			}
			o.ReplicaSets = append(o.ReplicaSets, rs)
			refs = append(refs, owner("apps/v1", "ReplicaSet", rs.Name, rs.UID))
		}
	}
	if chance(0.4) {
		rs := &apps.ReplicaSet{TypeMeta: kind("apps/v1", "ReplicaSet"), ObjectMeta: meta("rs"), Spec: apps.ReplicaSetSpec{Replicas: ptr.To(int32(r.Intn(6)))}}
		if chance(0.3) {
			rs.OwnerReferences = owner("argoproj.io/v1", "Rollout", "rollout", "rollout")
		}
		o.ReplicaSets = append(o.ReplicaSets, rs)
		refs = append(refs, owner("apps/v1", "ReplicaSet", "rs", "rs"))
	}
	if chance(0.3) {
		o.StatefulSets = append(o.StatefulSets, &apps.StatefulSet{TypeMeta: kind("apps/v1", "StatefulSet"), ObjectMeta: meta("ss"), Spec: apps.StatefulSetSpec{Replicas: ptr.To(int32(r.Intn(6)))}})
		refs = append(refs, owner("apps/v1", "StatefulSet", "ss", "ss"))
	}
	if chance(0.3) {
		o.ReplicationControllers = append(o.ReplicationControllers, &v1.ReplicationController{TypeMeta: kind("v1", "ReplicationController"), ObjectMeta: meta("rc"), Spec: v1.ReplicationControllerSpec{Replicas: ptr.To(int32(r.Intn(6)))}})
		refs = append(refs, owner("v1", "ReplicationController", "rc", "rc"))
	}
	if chance(0.15) {
		o.Gadgets["gadget"] = &autoscaling.Scale{ObjectMeta: meta("gadget"), Spec: autoscaling.ScaleSpec{Replicas: int32(r.Intn(6))}}
		refs = append(refs, owner("example.com/v1", "Gadget", "gadget", "gadget"))
	}
	if chance(0.06) {
		refs = append(refs, owner("apps/v1", "DaemonSet", "ds", "ds"))
	}
	if chance(0.06) {
		refs = append(refs, pick(owner("apps/v1", "StatefulSet", "gone", "gone"), owner("example.com/v1", "Gadget", "gone", "gone"), owner("example.com/v1", "Nothing", "x", "x"), owner("apps/v1", "ReplicaSet", "gone", "gone")))
	}
	if len(refs) == 0 || chance(0.2) {
		refs = append(refs, nil)
	}

	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	if chance(0.2) {
		selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web", "a": "b"}, MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"x", "y"}}, {Key: "app", Operator: metav1.LabelSelectorOpExists}}}
	} else if chance(0.1) {
		selector = pick(&metav1.LabelSelector{}, nil)
	}
	pdb := &policy.PodDisruptionBudget{TypeMeta: kind("policy/v1", "PodDisruptionBudget"), ObjectMeta: meta("budget"), Spec: policy.PodDisruptionBudgetSpec{Selector: selector}}
	pdb.Generation = int64(1 + r.Intn(2))
	if chance(0.5) {
		pdb.Spec.MinAvailable = ptr.To(pick(intstr.FromInt32(0), intstr.FromInt32(1), intstr.FromInt32(3), intstr.FromString("30%"), intstr.FromString("50%"), intstr.FromString("100%"), intstr.FromString("0%")))
	} else if chance(0.95) {
		pdb.Spec.MaxUnavailable = ptr.To(pick(intstr.FromInt32(0), intstr.FromInt32(1), intstr.FromInt32(3), intstr.FromInt32(9), intstr.FromString("30%"), intstr.FromString("50%"), intstr.FromString("100%")))
	}
	for i, count := 0, r.Intn(9); i < count; i++ {
		pod := &v1.Pod{TypeMeta: kind("v1", "Pod"), ObjectMeta: meta(fmt.Sprintf("pod-%d", i))}
		pod.Labels = map[string]string{"app": pick("web", "web", "web", "db"), "tier": pick("x", "z"), "a": pick("b", "b", "c")}
		pod.OwnerReferences = refs[r.Intn(len(refs))]
		pod.Status.Phase = pick(v1.PodRunning, v1.PodRunning, v1.PodRunning, v1.PodPending, v1.PodFailed, v1.PodSucceeded)
		if chance(0.8) {
			pod.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: pick(v1.ConditionTrue, v1.ConditionTrue, v1.ConditionFalse)}}
		}
		if chance(0.1) {
			pod.DeletionTimestamp = ptr.To(ago(3))
		}
		if chance(0.2) {
			if pdb.Status.DisruptedPods == nil {
				pdb.Status.DisruptedPods = map[string]metav1.Time{}
			}
			pdb.Status.DisruptedPods[pod.Name] = ago(pick(5, 60, 119, 120, 121, 300))
		}
		o.Pods = append(o.Pods, pod)
	}
	if chance(0.05) && pdb.Status.DisruptedPods != nil {
		pdb.Status.DisruptedPods["gone"] = ago(10)
	}
	if chance(0.7) {
		pdb.Status.ObservedGeneration = pick(1, pdb.Generation)
		pdb.Status.CurrentHealthy, pdb.Status.DesiredHealthy, pdb.Status.ExpectedPods = int32(r.Intn(5)), int32(r.Intn(4)), int32(r.Intn(6))
		pdb.Status.DisruptionsAllowed = int32(r.Intn(3))
		pdb.Status.Conditions = []metav1.Condition{pick(
			metav1.Condition{Type: "DisruptionAllowed", Status: metav1.ConditionTrue, Reason: "SufficientPods", ObservedGeneration: 1, LastTransitionTime: ago(500)},
			metav1.Condition{Type: "DisruptionAllowed", Status: metav1.ConditionFalse, Reason: "InsufficientPods", ObservedGeneration: 1, LastTransitionTime: ago(500)},
			metav1.Condition{Type: "DisruptionAllowed", Status: metav1.ConditionFalse, Reason: "SyncFailed", Message: "it failed", ObservedGeneration: 1, LastTransitionTime: ago(500)},
		)}
		if chance(0.4) {
			// What an earlier synchronisation wrote, and nothing else happened.
			before := disruption.GoldenSync(o.With(pdb), now.Add(-20*time.Second))
			if before.Status != nil {
				pdb.Status = *before.Status
				pdb.Status.Conditions[0].LastTransitionTime = ago(20)
			}
		}
	}
	o = o.With(pdb)
	all := []any{pdb}
	for _, x := range o.Pods {
		all = append(all, x)
	}
	for _, x := range o.ReplicaSets {
		all = append(all, x)
	}
	for _, x := range o.Deployments {
		all = append(all, x)
	}
	for _, x := range o.StatefulSets {
		all = append(all, x)
	}
	for _, x := range o.ReplicationControllers {
		all = append(all, x)
	}
	return o, all
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 3000; n++ {
		objects, all := makeCase()
		expected := disruption.GoldenSync(objects, now)
		// With several owners that cannot be found it is chance which of them is named.
		isChance := false
		for i := 0; i < 4; i++ {
			again := disruption.GoldenSync(objects, now)
			sort.Strings(again.Events)
			sort.Strings(expected.Events)
			a, _ := json.Marshal(again.Events)
			b, _ := json.Marshal(expected.Events)
			isChance = isChance || string(a) != string(b)
		}
		if !isChance {
			cases = append(cases, Case{Objects: all, Gadgets: objects.Gadgets, Expected: expected})
		}
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
