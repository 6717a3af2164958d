package deployment

import (
	"context"
	"fmt"
	"sort"
	"strings"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"
)

// GoldenSet is what a replica set became.
type GoldenSet struct {
	Name            string            `json:"name,omitempty"`
	Replicas        int32             `json:"replicas"`
	MinReadySeconds int32             `json:"minReadySeconds"`
	Annotations     map[string]string `json:"annotations,omitempty"`
}

// GoldenResult is what one synchronisation did.
type GoldenResult struct {
	Created  []GoldenSet            `json:"created,omitempty"`
	Changed  map[string]GoldenSet   `json:"changed,omitempty"`
	Deleted  []string               `json:"deleted,omitempty"`
	Patched  []string               `json:"patched,omitempty"`
	Status   *apps.DeploymentStatus `json:"status,omitempty"`
	Revision string                 `json:"revision"`
	Events   []string               `json:"events,omitempty"`
}

func shown(set *apps.ReplicaSet) GoldenSet {
	return GoldenSet{Name: set.Name, Replicas: *set.Spec.Replicas, MinReadySeconds: set.Spec.MinReadySeconds, Annotations: set.Annotations}
}

// GoldenSync runs syncDeployment once, by the clock of the machine.
func GoldenSync(d *apps.Deployment, sets []*apps.ReplicaSet, pods []*v1.Pod) GoldenResult {
	result := GoldenResult{Changed: map[string]GoldenSet{}, Revision: d.Annotations["deployment.kubernetes.io/revision"]}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset(d)
	factory := informers.NewSharedInformerFactory(client, 0)
	dc, err := NewDeploymentController(ctx, factory.Apps().V1().Deployments(), factory.Apps().V1().ReplicaSets(), factory.Core().V1().Pods(), client)
	if err != nil {
		panic(err)
	}
	recorder := record.NewFakeRecorder(1000)
	dc.eventRecorder = recorder
	factory.Apps().V1().Deployments().Informer().GetIndexer().Add(d)
	for _, o := range sets {
		client.Tracker().Add(o)
		factory.Apps().V1().ReplicaSets().Informer().GetIndexer().Add(o)
	}
	for _, o := range pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(o)
	}
	if err := dc.syncDeployment(ctx, d.Namespace+"/"+d.Name); err != nil {
		result.Events = append(result.Events, fmt.Sprint("failed ", err))
	}
	for _, action := range client.Actions() {
		switch a := action.(type) {
		case core.CreateActionImpl:
			if set, ok := a.Object.(*apps.ReplicaSet); ok {
				made := shown(set)
				made.Name = ""
				result.Created = append(result.Created, made)
			}
		case core.UpdateActionImpl:
			switch o := a.Object.(type) {
			case *apps.ReplicaSet:
				result.Changed[o.Name] = shown(o)
			case *apps.Deployment:
				result.Status = o.Status.DeepCopy()
				result.Revision = o.Annotations["deployment.kubernetes.io/revision"]
			}
		case core.DeleteActionImpl:
			result.Deleted = append(result.Deleted, a.Name)
		case core.PatchActionImpl:
			what := "adopt "
			if strings.Contains(string(a.Patch), "$patch") {
				what = "release "
			}
			result.Patched = append(result.Patched, what+a.Name)
		}
	}
	close(recorder.Events)
	for e := range recorder.Events {
		result.Events = append(result.Events, e)
	}
	for _, list := range [][]string{result.Deleted, result.Patched, result.Events} {
		sort.Strings(list)
	}
	return result
}
