package daemon

import (
	"context"
	"encoding/json"
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
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/flowcontrol"
	testclock "k8s.io/utils/clock/testing"
)

// GoldenResult is what one synchronisation did.
type GoldenResult struct {
	Created   []*v1.PodTemplateSpec `json:"created,omitempty"`
	Deleted   []string              `json:"deleted,omitempty"`
	Patched   []string              `json:"patched,omitempty"`
	Revisions []string              `json:"revisions,omitempty"`
	Status    *apps.DaemonSetStatus `json:"status,omitempty"`
	Events    []string              `json:"events,omitempty"`
	Failed    bool                  `json:"-"`
}

type goldenControl struct {
	sync.Mutex
	result *GoldenResult
}

func (g *goldenControl) CreatePods(ctx context.Context, namespace string, template *v1.PodTemplateSpec, object runtime.Object, ref *metav1.OwnerReference) error {
	g.Lock()
	defer g.Unlock()
	g.result.Created = append(g.result.Created, template.DeepCopy())
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
	what := "adopt"
	if strings.Contains(string(data), "$patch") {
		what = "release"
	}
	g.result.Patched = append(g.result.Patched, what+" "+name)
	return nil
}

// GoldenPatch is what a revision of the set holds.
func GoldenPatch(ds *apps.DaemonSet) []byte {
	patch, err := getPatch(ds)
	if err != nil {
		panic(err)
	}
	return patch
}

// GoldenSync runs syncDaemonSet once at the given moment, with no failures remembered.
func GoldenSync(ds *apps.DaemonSet, nodes []*v1.Node, pods []*v1.Pod, revisions []*apps.ControllerRevision, now time.Time) GoldenResult {
	result := GoldenResult{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset(ds)
	factory := informers.NewSharedInformerFactory(client, 0)
	dsc, err := NewDaemonSetsController(ctx, factory.Apps().V1().DaemonSets(), factory.Apps().V1().ControllerRevisions(), factory.Core().V1().Pods(), factory.Core().V1().Nodes(), client,
		flowcontrol.NewFakeBackOff(time.Second, 15*time.Minute, testclock.NewFakeClock(now)))
	if err != nil {
		panic(err)
	}
	recorder := record.NewFakeRecorder(1000)
	dsc.eventRecorder = recorder
	dsc.podControl = &goldenControl{result: &result}
	factory.Apps().V1().DaemonSets().Informer().GetIndexer().Add(ds)
	for _, o := range nodes {
		factory.Core().V1().Nodes().Informer().GetIndexer().Add(o)
	}
	for _, o := range pods {
		client.Tracker().Add(o)
		factory.Core().V1().Pods().Informer().GetIndexer().Add(o)
	}
	for _, o := range revisions {
		client.Tracker().Add(o)
		factory.Apps().V1().ControllerRevisions().Informer().GetIndexer().Add(o)
	}
	if err := dsc.syncDaemonSet(ctx, ds.Namespace+"/"+ds.Name); err != nil {
		result.Failed = true
	}
	for _, action := range client.Actions() {
		resource := action.GetResource().Resource
		switch a := action.(type) {
		case core.CreateActionImpl:
			if r, ok := a.Object.(*apps.ControllerRevision); ok {
				result.Revisions = append(result.Revisions, "create "+number(r))
			}
		case core.UpdateActionImpl:
			switch o := a.Object.(type) {
			case *apps.DaemonSet:
				result.Status = o.Status.DeepCopy()
			case *apps.ControllerRevision:
				result.Revisions = append(result.Revisions, "update "+o.Name+" "+number(o))
			case *v1.Pod:
				result.Patched = append(result.Patched, "relabel "+o.Name)
			}
		case core.DeleteActionImpl:
			result.Revisions = append(result.Revisions, "delete "+a.Name)
		case core.PatchActionImpl:
			what := "adopt "
			if strings.Contains(string(a.Patch), "$patch") {
				what = "release "
			}
			if resource == "controllerrevisions" {
				result.Revisions = append(result.Revisions, what+a.Name)
			}
			if resource == "pods" {
				result.Patched = append(result.Patched, "relabel "+a.Name)
			}
		}
	}
	close(recorder.Events)
	for e := range recorder.Events {
		result.Events = append(result.Events, e)
	}
	sort.Strings(result.Deleted)
	sort.Strings(result.Patched)
	sort.Strings(result.Revisions)
	sort.Strings(result.Events)
	sort.Slice(result.Created, func(a, b int) bool { return target(result.Created[a]) < target(result.Created[b]) })
	return result
}

func number(r *apps.ControllerRevision) string {
	bytes, _ := json.Marshal(r.Revision)
	return string(bytes)
}

func target(t *v1.PodTemplateSpec) string {
	return t.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
}
