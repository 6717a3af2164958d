package statefulset

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"
	"k8s.io/kubernetes/pkg/controller/history"
	testclock "k8s.io/utils/clock/testing"
)

// GoldenResult is what one synchronisation did.
type GoldenResult struct {
	Pods      []*v1.Pod                   `json:"pods,omitempty"`
	Claims    []*v1.PersistentVolumeClaim `json:"claims,omitempty"`
	Owned     []string                    `json:"owned,omitempty"`
	Deleted   []string                    `json:"deleted,omitempty"`
	Patched   []string                    `json:"patched,omitempty"`
	Revisions []string                    `json:"revisions,omitempty"`
	Status    *apps.StatefulSetStatus     `json:"status,omitempty"`
	Events    []string                    `json:"events,omitempty"`
}

// GoldenPatch is what a revision of the set holds.
func GoldenPatch(set *apps.StatefulSet) []byte {
	patch, err := getPatch(set)
	if err != nil {
		panic(err)
	}
	return patch
}

// GoldenSync runs one synchronisation at the given moment. What fails in it shows in the events.
func GoldenSync(set *apps.StatefulSet, pods []*v1.Pod, claims []*v1.PersistentVolumeClaim, revisions []*apps.ControllerRevision, now time.Time) GoldenResult {
	result := GoldenResult{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset(set)
	factory := informers.NewSharedInformerFactory(client, 0)
	podInformer, setInformer, claimInformer, revisionInformer := factory.Core().V1().Pods(), factory.Apps().V1().StatefulSets(), factory.Core().V1().PersistentVolumeClaims(), factory.Apps().V1().ControllerRevisions()
	ssc := NewStatefulSetController(ctx, podInformer, setInformer, claimInformer, revisionInformer, client)
	recorder := record.NewFakeRecorder(1000)
	ssc.control = NewDefaultStatefulSetControl(NewStatefulPodControl(client, podInformer.Lister(), claimInformer.Lister(), recorder),
		NewRealStatefulSetStatusUpdater(client, setInformer.Lister()), history.NewHistory(client, revisionInformer.Lister()))
	ssc.clock = testclock.NewFakePassiveClock(now)
	setInformer.Informer().GetIndexer().Add(set)
	for _, o := range pods {
		client.Tracker().Add(o)
		podInformer.Informer().GetIndexer().Add(o)
	}
	for _, o := range claims {
		client.Tracker().Add(o)
		claimInformer.Informer().GetIndexer().Add(o)
	}
	for _, o := range revisions {
		client.Tracker().Add(o)
		revisionInformer.Informer().GetIndexer().Add(o)
	}
	ssc.sync(ctx, set.Namespace+"/"+set.Name)
	for _, action := range client.Actions() {
		resource := action.GetResource().Resource
		switch a := action.(type) {
		case core.CreateActionImpl:
			switch o := a.Object.(type) {
			case *v1.Pod:
				result.Pods = append(result.Pods, o)
			case *v1.PersistentVolumeClaim:
				result.Claims = append(result.Claims, o)
			case *apps.ControllerRevision:
				result.Revisions = append(result.Revisions, fmt.Sprintf("create %d", o.Revision))
			}
		case core.UpdateActionImpl:
			switch o := a.Object.(type) {
			case *apps.StatefulSet:
				result.Status = o.Status.DeepCopy()
			case *apps.ControllerRevision:
				result.Revisions = append(result.Revisions, fmt.Sprintf("update %s %d", o.Name, o.Revision))
			case *v1.PersistentVolumeClaim:
				owners, _ := json.Marshal(o.OwnerReferences)
				result.Owned = append(result.Owned, o.Name+" "+string(owners))
			}
		case core.DeleteActionImpl:
			if resource == "pods" {
				result.Deleted = append(result.Deleted, a.Name)
			} else {
				result.Revisions = append(result.Revisions, "delete "+a.Name)
			}
		case core.PatchActionImpl:
			what := "adopt "
			if strings.Contains(string(a.Patch), "$patch") {
				what = "release "
			}
			if resource == "pods" {
				result.Patched = append(result.Patched, what+a.Name)
			} else {
				result.Revisions = append(result.Revisions, what+a.Name)
			}
		}
	}
	close(recorder.Events)
	for e := range recorder.Events {
		result.Events = append(result.Events, e)
	}
	for _, list := range [][]string{result.Owned, result.Deleted, result.Patched, result.Revisions, result.Events} {
		sort.Strings(list)
	}
	sort.Slice(result.Pods, func(a, b int) bool { return result.Pods[a].Name < result.Pods[b].Name })
	sort.Slice(result.Claims, func(a, b int) bool { return result.Claims[a].Name < result.Claims[b].Name })
	for _, pod := range result.Pods {
		sort.Slice(pod.Spec.Volumes, func(a, b int) bool { return pod.Spec.Volumes[a].Name < pod.Spec.Volumes[b].Name })
	}
	return result
}
