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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/utils/ptr"
)

type Case struct {
	Set       *apps.DaemonSet            `json:"set"`
	Nodes     []*v1.Node                 `json:"nodes"`
	Pods      []*v1.Pod                  `json:"pods"`
	Revisions []*apps.ControllerRevision `json:"revisions"`
	Expected  daemon.GoldenResult        `json:"expected"`
}

var r *rand.Rand
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func node(i int) *v1.Node {
	n := &v1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i), Labels: map[string]string{"kubernetes.io/hostname": fmt.Sprintf("node-%d", i), "disk": pick("ssd", "ssd", "ssd", "hdd")}}}
	if chance(0.3) {
		n.Spec.Taints = []v1.Taint{{Key: pick("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable", "node.kubernetes.io/disk-pressure", "node.kubernetes.io/network-unavailable", "gpu", "gpu"), Value: pick("", "yes"), Effect: pick(v1.TaintEffectNoExecute, v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule)}}
	}
	return n
}

func template(ds *apps.DaemonSet) {
	spec := &ds.Spec.Template.Spec
	spec.Containers = []v1.Container{{Name: "main", Image: "main:1"}}
	if chance(0.2) {
		spec.NodeSelector = map[string]string{"disk": "ssd"}
	}
	if chance(0.15) {
		spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{{Key: "disk", Operator: pick(v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn), Values: []string{"ssd"}}}}}}}}
		if chance(0.3) {
			spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields = []v1.NodeSelectorRequirement{{Key: "metadata.name", Operator: v1.NodeSelectorOpNotIn, Values: []string{"node-1"}}}
		}
	}
	if chance(0.3) {
		spec.Tolerations = []v1.Toleration{pick(v1.Toleration{Key: "gpu", Operator: v1.TolerationOpExists}, v1.Toleration{Key: "gpu", Operator: v1.TolerationOpEqual, Value: "yes", Effect: v1.TaintEffectNoSchedule}, v1.Toleration{Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute},
			v1.Toleration{Key: "node.kubernetes.io/not-ready", Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute, TolerationSeconds: ptr.To(int64(5))})}
	}
	spec.HostNetwork = chance(0.2)
	if chance(0.03) {
		spec.NodeName = "node-1"
	}
}

func makeCase() Case {
	labels := map[string]string{"app": "agent"}
	ds := &apps.DaemonSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent", UID: "set-uid", Generation: int64(1 + r.Intn(3))},
		Spec: apps.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, RevisionHistoryLimit: ptr.To(int32(pick(0, 1, 2, 10))), MinReadySeconds: pick[int32](0, 0, 30)}}
	ds.Spec.Template.Labels = labels
	template(ds)
	if chance(0.5) {
		ds.Annotations = map[string]string{"deprecated.daemonset.template.generation": pick("1", "2", "3")}
	}
	if chance(0.85) {
		ds.Spec.UpdateStrategy = apps.DaemonSetUpdateStrategy{Type: apps.RollingUpdateDaemonSetStrategyType, RollingUpdate: &apps.RollingUpdateDaemonSet{MaxUnavailable: ptr.To(pick(intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("30%"), intstr.FromInt32(0))), MaxSurge: ptr.To(intstr.FromInt32(0))}}
		if chance(0.45) {
			ds.Spec.UpdateStrategy.RollingUpdate = &apps.RollingUpdateDaemonSet{MaxUnavailable: ptr.To(intstr.FromInt32(0)), MaxSurge: ptr.To(pick(intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("30%")))}
		}
	} else {
		ds.Spec.UpdateStrategy.Type = apps.OnDeleteDaemonSetStrategyType
	}
	c := Case{Set: ds}
	for i, n := 0, 1+r.Intn(6); i < n; i++ {
		c.Nodes = append(c.Nodes, node(i))
	}
	revision := func(name string, n int64, data []byte) {
		cr := &apps.ControllerRevision{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "agent-" + name, UID: types.UID("revision-" + name), Labels: map[string]string{"app": "agent", "controller-revision-hash": name}}, Revision: n, Data: runtime.RawExtension{Raw: data}}
		if chance(0.95) {
			cr.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent", UID: "set-uid", Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}}
		}
		c.Revisions = append(c.Revisions, cr)
	}
	present := daemon.GoldenPatch(ds)
	for i, n := 0, r.Intn(5); i < n; i++ {
		older := ds.DeepCopy()
		older.Spec.Template.Spec.Containers[0].Image = fmt.Sprintf("main:old%d", i)
		revision(fmt.Sprintf("old%d", i), int64(1+i), daemon.GoldenPatch(older))
	}
	if chance(0.9) {
		revision("present", int64(r.Intn(7)), present)
	}
	hashes := []string{"present", "present", "present", "old0", "old1", "old2"}
	steady := chance(0.6)
	for i := 0; i < len(c.Nodes)+1; i++ {
		count := pick(1, 1, 1, 1, 0, 2)
		if steady {
			count = 1
			if i == len(c.Nodes) {
				continue
			}
		} else if i == len(c.Nodes) && chance(0.7) {
			continue
		}
		if ds.Spec.UpdateStrategy.RollingUpdate != nil && ds.Spec.UpdateStrategy.RollingUpdate.MaxSurge.String() != "0" && chance(0.3) {
			count = 2
		}
		for k := 0; k < count; k++ {
			p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("agent-%d-%d", i, k), UID: types.UID(fmt.Sprintf("pod-%d-%d", i, k)), CreationTimestamp: ago(100*k + pick(50, 500)),
				Labels:          map[string]string{"app": "agent", "controller-revision-hash": hashes[r.Intn(len(hashes))]},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "agent", UID: "set-uid", Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}}}}
			if k == 1 && count == 2 {
				p.Labels["controller-revision-hash"] = pick("present", "old0", "old1")
			}
			if chance(0.15) {
				p.Labels["pod-template-generation"] = pick("1", "2", "3")
			}
			on := fmt.Sprintf("node-%d", i)
			if chance(0.85) {
				p.Spec.NodeName = on
			} else {
				p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchFields: []v1.NodeSelectorRequirement{{Key: "metadata.name", Operator: v1.NodeSelectorOpIn, Values: []string{on}}}}}}}}
			}
			p.Status.Phase = v1.PodRunning
			if chance(0.1) {
				p.Status.Phase = pick(v1.PodFailed, v1.PodSucceeded, v1.PodPending)
			}
			if p.Status.Phase == v1.PodRunning && chance(0.85) {
				p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: pick(v1.ConditionTrue, v1.ConditionTrue, v1.ConditionTrue, v1.ConditionFalse), LastTransitionTime: ago(pick(10, 100))}}
			}
			if chance(0.05) {
				p.DeletionTimestamp = ptr.To(ago(3))
			}
			if chance(0.04) {
				p.OwnerReferences = nil
			}
			if chance(0.03) {
				p.Labels["app"] = "other"
			}
			c.Pods = append(c.Pods, p)
		}
	}
	if chance(0.6) {
		ds.Status = apps.DaemonSetStatus{DesiredNumberScheduled: int32(r.Intn(4)), CurrentNumberScheduled: int32(r.Intn(4)), NumberReady: int32(r.Intn(4)), ObservedGeneration: int64(r.Intn(3))}
	}
	if chance(0.02) {
		ds.DeletionTimestamp = ptr.To(ago(1))
	}
	if chance(0.01) {
		ds.Spec.Selector = &metav1.LabelSelector{}
	}
	return c
}

func sync(c Case) daemon.GoldenResult {
	var pods []*v1.Pod
	for _, p := range c.Pods {
		pods = append(pods, p.DeepCopy())
	}
	var revisions []*apps.ControllerRevision
	for _, p := range c.Revisions {
		revisions = append(revisions, p.DeepCopy())
	}
	return daemon.GoldenSync(c.Set.DeepCopy(), c.Nodes, pods, revisions, now)
}

func text(result daemon.GoldenResult) string {
	bytes, _ := json.Marshal(result)
	return string(bytes)
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 4000; n++ {
		c := makeCase()
		c.Expected = sync(c)
		// The order of nodes is Kubernetes' own chance. One that is gone makes it fail.
		byChance := c.Expected.Failed
		for again := 0; again < 8 && !byChance; again++ {
			byChance = text(c.Expected) != text(sync(c))
		}
		if !byChance {
			cases = append(cases, c)
		}
	}
	fmt.Println(len(cases))
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
