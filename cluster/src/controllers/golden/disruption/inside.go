package disruption

import (
	"context"
	"errors"
	"time"

	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	discoveryfake "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"
	testclock "k8s.io/utils/clock/testing"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GoldenObjects are those that one synchronisation looks at.
type GoldenObjects struct {
	Budget                 *policy.PodDisruptionBudget
	Pods                   []*v1.Pod
	ReplicaSets            []*apps.ReplicaSet
	Deployments            []*apps.Deployment
	StatefulSets           []*apps.StatefulSet
	ReplicationControllers []*v1.ReplicationController
	// Replicas by the name of a Gadget, which is a kind with a scale.
	Gadgets map[string]*autoscaling.Scale
}

// GoldenResult is what one synchronisation did.
type GoldenResult struct {
	Status *policy.PodDisruptionBudgetStatus `json:"status,omitempty"`
	Events []string                          `json:"events,omitempty"`
}

// GoldenSync runs one synchronisation at the given moment.
func GoldenSync(objects GoldenObjects, now time.Time) GoldenResult {
	result := GoldenResult{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	scales := &scalefake.FakeScaleClient{}
	scales.AddReactor("get", "*", func(action core.Action) (bool, runtime.Object, error) {
		get := action.(core.GetAction)
		if scale, ok := objects.Gadgets[get.GetName()]; ok && get.GetResource().Resource == "gadgets" {
			return true, scale, nil
		}
		return true, nil, apierrors.NewNotFound(get.GetResource().GroupResource(), get.GetName())
	})
	mapper := apimeta.NewDefaultRESTMapper(nil)
	for _, gvk := range []schema.GroupVersionKind{{Group: "apps", Version: "v1", Kind: "ReplicaSet"}, {Group: "apps", Version: "v1", Kind: "StatefulSet"}, {Group: "apps", Version: "v1", Kind: "DaemonSet"}, {Version: "v1", Kind: "ReplicationController"}, {Group: "example.com", Version: "v1", Kind: "Gadget"}} {
		mapper.Add(gvk, apimeta.RESTScopeNamespace)
	}
	discovery := &discoveryfake.FakeDiscovery{Fake: &core.Fake{}}
	discovery.Resources = []*metav1.APIResourceList{
		{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "replicasets/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}, {Name: "statefulsets/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}, {Name: "daemonsets"}}},
		{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "replicationcontrollers/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}}},
		{GroupVersion: "example.com/v1", APIResources: []metav1.APIResource{{Name: "gadgets/scale", Group: "autoscaling", Version: "v1", Kind: "Scale"}}},
	}
	dc := NewDisruptionControllerInternal(ctx, factory.Core().V1().Pods(), factory.Policy().V1().PodDisruptionBudgets(), factory.Core().V1().ReplicationControllers(),
		factory.Apps().V1().ReplicaSets(), factory.Apps().V1().Deployments(), factory.Apps().V1().StatefulSets(), client, mapper, scales, discovery, testclock.NewFakeClock(now), stalePodDisruptionTimeout)
	recorder := record.NewFakeRecorder(1000)
	dc.recorder = recorder
	dc.getUpdater = func() updater {
		return func(_ context.Context, pdb *policy.PodDisruptionBudget) error {
			result.Status = pdb.Status.DeepCopy()
			return nil
		}
	}
	factory.Policy().V1().PodDisruptionBudgets().Informer().GetIndexer().Add(objects.Budget)
	for _, o := range objects.Pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(o)
	}
	for _, o := range objects.ReplicaSets {
		factory.Apps().V1().ReplicaSets().Informer().GetIndexer().Add(o)
	}
	for _, o := range objects.Deployments {
		factory.Apps().V1().Deployments().Informer().GetIndexer().Add(o)
	}
	for _, o := range objects.StatefulSets {
		factory.Apps().V1().StatefulSets().Informer().GetIndexer().Add(o)
	}
	for _, o := range objects.ReplicationControllers {
		factory.Core().V1().ReplicationControllers().Informer().GetIndexer().Add(o)
	}
	if err := dc.sync(ctx, objects.Budget.Namespace+"/"+objects.Budget.Name); err != nil {
		panic(errors.Join(err))
	}
	close(recorder.Events)
	for e := range recorder.Events {
		result.Events = append(result.Events, e)
	}
	return result
}

// With is the same with another budget.
func (o GoldenObjects) With(budget *policy.PodDisruptionBudget) GoldenObjects {
	o.Budget = budget
	return o
}
