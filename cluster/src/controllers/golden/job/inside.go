package job

import (
	"context"
	"sync"
	"time"

	batch "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"
	testclock "k8s.io/utils/clock/testing"
)

// GoldenResult is what one synchronisation did, in the order of its kinds.
type GoldenResult struct {
	Created  []*v1.PodTemplateSpec `json:"created,omitempty"`
	Deleted  []string              `json:"deleted,omitempty"`
	Released []string              `json:"released,omitempty"`
	Statuses []batch.JobStatus     `json:"statuses,omitempty"`
	Events   []string              `json:"events,omitempty"`
	Again    bool                  `json:"-"`
}

type goldenControl struct {
	sync.Mutex
	result *GoldenResult
}

func (g *goldenControl) CreatePods(ctx context.Context, namespace string, template *v1.PodTemplateSpec, object runtime.Object, ref *metav1.OwnerReference) error {
	return g.CreatePodsWithGenerateName(ctx, namespace, template, object, ref, "")
}
func (g *goldenControl) CreatePodsWithGenerateName(ctx context.Context, namespace string, template *v1.PodTemplateSpec, object runtime.Object, ref *metav1.OwnerReference, generateName string) error {
	g.Lock()
	defer g.Unlock()
	t := template.DeepCopy()
	t.GenerateName = generateName
	g.result.Created = append(g.result.Created, t)
	return nil
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
	g.result.Released = append(g.result.Released, name)
	return nil
}

// GoldenSync runs syncJob once at the given moment. Pods without the finalizer count as those that an earlier synchronisation saw end.
func GoldenSync(j *batch.Job, pods []*v1.Pod, now time.Time) GoldenResult {
	result := GoldenResult{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewSimpleClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	jm, err := newControllerWithClock(ctx, factory.Core().V1().Pods(), factory.Batch().V1().Jobs(), client, testclock.NewFakeClock(now))
	if err != nil {
		panic(err)
	}
	recorder := record.NewFakeRecorder(1000)
	jm.recorder = recorder
	jm.podControl = &goldenControl{result: &result}
	jm.updateStatusHandler = func(_ context.Context, j *batch.Job) (*batch.Job, error) {
		result.Statuses = append(result.Statuses, *j.Status.DeepCopy())
		return j.DeepCopy(), nil
	}
	factory.Batch().V1().Jobs().Informer().GetIndexer().Add(j)
	for _, pod := range pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(pod)
	}
	err = jm.syncJob(ctx, j.Namespace+"/"+j.Name)
	if err != nil {
		panic(err)
	}
	close(recorder.Events)
	for e := range recorder.Events {
		result.Events = append(result.Events, e)
	}
	return result
}
