package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/controller/podgc"
	"k8s.io/utils/ptr"
)

type Case struct {
	Threshold int                `json:"threshold"`
	Pods      []*v1.Pod          `json:"pods"`
	Nodes     []*v1.Node         `json:"nodes"`
	Expected  podgc.GoldenResult `json:"expected"`
}

var r *rand.Rand
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func makeCase() Case {
	c := Case{Threshold: pick(0, 1, 2, 5)}
	for i := 0; i < 3; i++ {
		if chance(0.25) {
			continue
		}
		node := &v1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i)}}
		if chance(0.8) {
			node.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: pick(v1.ConditionTrue, v1.ConditionFalse, v1.ConditionUnknown)}}
		}
		if chance(0.5) {
			node.Spec.Taints = []v1.Taint{{Key: pick("node.kubernetes.io/out-of-service", "other"), Effect: pick(v1.TaintEffectNoExecute, v1.TaintEffectNoSchedule)}}
		}
		c.Nodes = append(c.Nodes, node)
	}
	for i, count := 0, r.Intn(8); i < count; i++ {
		pod := &v1.Pod{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", i), Namespace: "shop", UID: types.UID(fmt.Sprintf("uid-%d", i)),
				CreationTimestamp: ago(pick(10, 20, 500, 501)), Generation: int64(1 + r.Intn(2))},
			Spec:   v1.PodSpec{NodeName: pick("", "node-0", "node-1", "node-2")},
			Status: v1.PodStatus{Phase: pick(v1.PodPending, v1.PodRunning, v1.PodSucceeded, v1.PodFailed, v1.PodFailed, v1.PodUnknown)},
		}
		if pod.Status.Phase == v1.PodFailed && chance(0.4) {
			pod.Status.Reason = "Evicted"
		}
		if chance(0.4) {
			pod.DeletionTimestamp = ptr.To(ago(pick(5, 100)))
			pod.DeletionGracePeriodSeconds = ptr.To(int64(30))
			pod.Finalizers = []string{"example.com/held"}
		}
		if chance(0.2) {
			pod.Status.Conditions = []v1.PodCondition{{Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: "EvictionByEvictionAPI", LastTransitionTime: ago(60)}}
		}
		c.Pods = append(c.Pods, pod)
	}
	return c
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 2000; n++ {
		c := makeCase()
		var copies []*v1.Pod
		for _, p := range c.Pods {
			copies = append(copies, p.DeepCopy())
		}
		c.Expected = podgc.GoldenLook(copies, c.Nodes, c.Threshold)
		sort.Strings(c.Expected.Deleted)
		cases = append(cases, c)
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
