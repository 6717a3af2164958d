package resourcequota

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	core "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"

	"k8s.io/apiserver/pkg/quota/v1/generic"
	"k8s.io/kubernetes/pkg/quota/v1/install"
)

// GoldenSync runs one synchronisation; nil when it writes nothing.
func GoldenSync(quota *v1.ResourceQuota, objects map[schema.GroupVersionResource][]runtime.Object) *v1.ResourceQuotaStatus {
	client := fake.NewSimpleClientset(quota)
	factory := informers.NewSharedInformerFactory(client, 0)
	lister := func(resource schema.GroupVersionResource) (cache.GenericLister, error) {
		informer, err := factory.ForResource(resource)
		if err != nil {
			return nil, err
		}
		return informer.Lister(), nil
	}
	evaluators := install.NewQuotaConfigurationForControllers(lister, factory).Evaluators()
	for resource, each := range objects {
		informer, err := factory.ForResource(resource)
		if err != nil {
			panic(err)
		}
		for _, object := range each {
			informer.Informer().GetIndexer().Add(object)
		}
	}
	registry := generic.NewRegistry(evaluators)
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	registry.Add(generic.NewObjectCountEvaluator(deployments.GroupResource(), generic.ListResourceUsingListerFunc(lister, deployments), ""))
	rq := &Controller{rqClient: client.CoreV1(), registry: registry}
	if err := rq.syncResourceQuota(context.Background(), quota); err != nil {
		panic(err)
	}
	for _, action := range client.Actions() {
		if update, ok := action.(core.UpdateAction); ok {
			status := update.GetObject().(*v1.ResourceQuota).Status
			return &status
		}
	}
	return nil
}
