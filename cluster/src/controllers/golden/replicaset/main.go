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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/utils/ptr"
)

type Case struct {
	Now      string                  `json:"now"`
	Set      *apps.ReplicaSet        `json:"set"`
	Siblings []*apps.ReplicaSet      `json:"siblings"`
	Pods     []*v1.Pod               `json:"pods"`
	Expected replicaset.GoldenResult `json:"expected"`
}

var r *rand.Rand

// Upstream compares ages by the machine's clock, in powers of two: far enough apart for a round of this program to take what it takes.
var now = time.Now().UTC().Truncate(time.Second)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func owner(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}}
}

func replicaSet(name string) *apps.ReplicaSet {
	labels := map[string]string{"app": "web", "pod-template-hash": name}
	return &apps.ReplicaSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Generation: int64(1 + r.Intn(2)), OwnerReferences: owner("Deployment", "web")},
		Spec: apps.ReplicaSetSpec{Replicas: ptr.To(int32(r.Intn(8))), MinReadySeconds: pick[int32](0, 0, 100000), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: v1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web", "pod-template-hash": name, "more": "yes"}}, Spec: v1.PodSpec{Containers: []v1.Container{{Name: "main", Image: "main"}}}}}}
}

func pod(set *apps.ReplicaSet, i int) *v1.Pod {
	// Powers of two of seconds and a half: no age is near another power.
	p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%d", set.Name, i), UID: types.UID(fmt.Sprintf("%s-%d", set.Name, i)), CreationTimestamp: ago(pick(3000, 3100, 12000, 50000, 200000)),
		Labels: map[string]string{"app": "web", "pod-template-hash": set.Name}, OwnerReferences: owner("ReplicaSet", set.Name)}}
	if chance(0.8) {
		p.Labels["more"] = "yes"
	}
	if chance(0.85) {
		p.Spec.NodeName = fmt.Sprintf("node-%d", r.Intn(3))
	}
	p.Status.Phase = pick(v1.PodRunning, v1.PodRunning, v1.PodRunning, v1.PodRunning, v1.PodPending, v1.PodUnknown, v1.PodFailed, v1.PodSucceeded)
	if p.Status.Phase == v1.PodRunning && chance(0.9) {
		p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: pick(v1.ConditionTrue, v1.ConditionTrue, v1.ConditionTrue, v1.ConditionFalse), LastTransitionTime: ago(pick(3000, 3100, 12000, 50000, 200000))}}
	}
	if chance(0.3) {
		p.Annotations = map[string]string{"controller.kubernetes.io/pod-deletion-cost": pick("-5", "10", "100", "0", "nonsense")}
	}
	if chance(0.5) {
		p.Status.ContainerStatuses = []v1.ContainerStatus{{Name: "main", RestartCount: int32(r.Intn(3))}}
	}
	if chance(0.2) {
		p.Spec.InitContainers = []v1.Container{{Name: "side", RestartPolicy: ptr.To(v1.ContainerRestartPolicyAlways)}}
		p.Status.InitContainerStatuses = []v1.ContainerStatus{{Name: "side", RestartCount: int32(r.Intn(3))}}
	}
	if chance(0.1) {
		p.DeletionTimestamp = ptr.To(ago(pick(1, 100)))
	}
	if chance(0.05) {
		p.OwnerReferences = nil
	}
	if chance(0.05) {
		p.Labels["app"] = "other"
	}
	return p
}

func makeCase() Case {
	c := Case{Now: now.Format(time.RFC3339), Set: replicaSet("one")}
	if chance(0.5) {
		c.Siblings = append(c.Siblings, replicaSet("two"))
	}
	for i, n := 0, r.Intn(10); i < n; i++ {
		c.Pods = append(c.Pods, pod(c.Set, i))
	}
	for _, sibling := range c.Siblings {
		for i, n := 0, r.Intn(6); i < n; i++ {
			c.Pods = append(c.Pods, pod(sibling, i))
		}
	}
	if chance(0.5) {
		c.Set.Status = apps.ReplicaSetStatus{Replicas: int32(r.Intn(5)), ReadyReplicas: int32(r.Intn(3)), ObservedGeneration: int64(r.Intn(int(c.Set.Generation) + 1))}
		if chance(0.4) {
			c.Set.Status.Conditions = []apps.ReplicaSetCondition{{Type: apps.ReplicaSetReplicaFailure, Status: v1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota", LastTransitionTime: ago(100)}}
		}
	}
	if chance(0.03) {
		c.Set.DeletionTimestamp = ptr.To(ago(1))
	}
	return c
}

func copies[T any](list []*T) []*T {
	bytes, _ := json.Marshal(list)
	var out []*T
	json.Unmarshal(bytes, &out)
	return out
}

func sync(c Case) replicaset.GoldenResult {
	return replicaset.GoldenSync(c.Set.DeepCopy(), copies(c.Siblings), copies(c.Pods), now)
}

func text(result replicaset.GoldenResult) string {
	bytes, _ := json.Marshal(result)
	return string(bytes)
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 3000; n++ {
		c := makeCase()
		c.Expected = sync(c)
		byChance := false
		for again := 0; again < 4 && !byChance; again++ {
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
