package replicaset

import (
	"context"
	"sort"
	"strings"
	"sync"
	"time"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	core "k8s.io/client-go/testing"
	testclock "k8s.io/utils/clock/testing"
)

// GoldenResult is what one synchronisation did.
type GoldenResult struct {
	Created int                    `json:"created,omitempty"`
	Deleted []string               `json:"deleted,omitempty"`
	Patched []string               `json:"patched,omitempty"`
	Status  *apps.ReplicaSetStatus `json:"status,omitempty"`
}

type goldenControl struct {
	sync.Mutex
	result *GoldenResult
}

func (g *goldenControl) CreatePods(ctx context.Context, namespace string, template *v1.PodTemplateSpec, object runtime.Object, ref *metav1.OwnerReference) error {
	g.Lock()
	defer g.Unlock()
	g.result.Created++
	return nil
}
func (g *goldenControl) CreatePodsWithGenerateName(ctx context.Context, namespace string, template *v1.PodTemplateSpec, object runtime.Object, ref *metav1.OwnerReference, generateName string) error {
	panic("not used")
}
func (g *goldenControl) DeletePod(ctx context.Context, namespace string, name string, object runtime.Object) error {
	g.Lock()
	defer g.Unlock()
	g.result.Deleted = append(g.result.Deleted, name)
	return nil
}
func (g *goldenControl) PatchPod(ctx context.Context, namespace, name string, data []byte) error {
	g.Lock()
	defer g.Unlock()
	what := "adopt "
	if strings.Contains(string(data), "$patch") {
		what = "release "
	}
	g.result.Patched = append(g.result.Patched, what+name)
	return nil
}

// GoldenSync runs syncReplicaSet once at the given moment. Ages of pods are taken by the clock of the machine.
func GoldenSync(set *apps.ReplicaSet, siblings []*apps.ReplicaSet, pods []*v1.Pod, now time.Time) GoldenResult {
	result := GoldenResult{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset(set)
	factory := informers.NewSharedInformerFactory(client, 0)
	rsc := NewReplicaSetController(ctx, factory.Apps().V1().ReplicaSets(), factory.Core().V1().Pods(), client, BurstReplicas)
	rsc.podControl = &goldenControl{result: &result}
	rsc.clock = testclock.NewFakeClock(now)
	for _, o := range append(siblings, set) {
		factory.Apps().V1().ReplicaSets().Informer().GetIndexer().Add(o)
	}
	for _, o := range pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(o)
	}
	if err := rsc.syncReplicaSet(ctx, set.Namespace+"/"+set.Name); err != nil {
		panic(err)
	}
	for _, action := range client.Actions() {
		if a, ok := action.(core.UpdateActionImpl); ok {
			result.Status = a.Object.(*apps.ReplicaSet).Status.DeepCopy()
		}
	}
	sort.Strings(result.Deleted)
	sort.Strings(result.Patched)
	return result
}
