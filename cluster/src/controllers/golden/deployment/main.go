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
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/utils/ptr"
)

type Case struct {
	Now        string                  `json:"now"`
	Deployment *apps.Deployment        `json:"deployment"`
	Sets       []*apps.ReplicaSet      `json:"sets"`
	Pods       []*v1.Pod               `json:"pods"`
	Expected   deployment.GoldenResult `json:"expected"`
}

var r *rand.Rand

// Upstream reads the clock of the machine.
var now = time.Now().UTC().Truncate(time.Second)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func owner(kind, name string) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID(name), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}}
}

func makeCase() Case {
	d := &apps.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "web", Generation: int64(1 + r.Intn(3)), Annotations: map[string]string{}},
		Spec: apps.DeploymentSpec{Replicas: ptr.To(int32(pick(0, 1, 3, 5, 10))), MinReadySeconds: pick[int32](0, 0, 5), RevisionHistoryLimit: ptr.To(int32(pick(0, 1, 10))), Paused: chance(0.1),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}}
	d.Spec.Template.Labels = map[string]string{"app": "web"}
	d.Spec.Template.Spec.Containers = []v1.Container{{Name: "main", Image: "main:new"}}
	if chance(0.8) {
		d.Spec.ProgressDeadlineSeconds = ptr.To(int32(600))
	}
	if chance(0.8) {
		d.Spec.Strategy = apps.DeploymentStrategy{Type: apps.RollingUpdateDeploymentStrategyType, RollingUpdate: &apps.RollingUpdateDeployment{MaxSurge: ptr.To(pick(intstr.FromInt32(1), intstr.FromString("25%"), intstr.FromInt32(0), intstr.FromInt32(3))), MaxUnavailable: ptr.To(pick(intstr.FromInt32(1), intstr.FromString("25%"), intstr.FromInt32(0), intstr.FromInt32(2)))}}
	} else {
		d.Spec.Strategy.Type = apps.RecreateDeploymentStrategyType
	}
	if chance(0.3) {
		d.Annotations["kubernetes.io/change-cause"] = "it was time"
	}
	c := Case{Now: now.Format(time.RFC3339), Deployment: d}
	former := int32(pick(int(*d.Spec.Replicas), int(*d.Spec.Replicas), int(*d.Spec.Replicas), 4))
	surge := int32(0)
	if d.Spec.Strategy.RollingUpdate != nil {
		percent, _ := intstr.GetScaledValueFromIntOrPercent(d.Spec.Strategy.RollingUpdate.MaxSurge, int(former), true)
		surge = int32(percent)
	}
	count := r.Intn(4)
	for i := 0; i <= count; i++ {
		hash := fmt.Sprintf("hash%d", i)
		labels := map[string]string{"app": "web", "pod-template-hash": hash}
		set := &apps.ReplicaSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-" + hash, UID: types.UID("web-" + hash), Labels: labels, Generation: 1, CreationTimestamp: ago(5000 - 100*i), OwnerReferences: owner("Deployment", "web"),
			Annotations: map[string]string{"deployment.kubernetes.io/revision": fmt.Sprint(i + 1), "deployment.kubernetes.io/desired-replicas": fmt.Sprint(former), "deployment.kubernetes.io/max-replicas": fmt.Sprint(former + surge)}},
			Spec: apps.ReplicaSetSpec{Replicas: ptr.To(int32(0)), MinReadySeconds: d.Spec.MinReadySeconds, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: *d.Spec.Template.DeepCopy()}}
		set.Spec.Template.Labels = labels
		isNew := i == count && chance(0.75)
		if !isNew {
			set.Spec.Template.Spec.Containers[0].Image = fmt.Sprintf("main:%d", i)
		} else if chance(0.15) {
			set.Annotations["deployment.kubernetes.io/revision"] = "1"
			set.Annotations["deployment.kubernetes.io/revision-history"] = "1"
		} else if chance(0.1) {
			set.Spec.MinReadySeconds = 77
		}
		if isNew {
			for k, v := range d.Annotations {
				if chance(0.8) {
					set.Annotations[k] = v
				}
			}
		}
		if i >= count-1 || chance(0.2) {
			set.Spec.Replicas = ptr.To(int32(r.Intn(int(former) + 2)))
		}
		set.Status = apps.ReplicaSetStatus{Replicas: *set.Spec.Replicas, ObservedGeneration: 1}
		if chance(0.15) {
			set.Status.Replicas++
		}
		set.Status.ReadyReplicas = int32(r.Intn(int(set.Status.Replicas) + 1))
		if chance(0.6) {
			set.Status.ReadyReplicas = set.Status.Replicas
		}
		set.Status.AvailableReplicas = set.Status.ReadyReplicas
		if chance(0.3) {
			set.Status.TerminatingReplicas = ptr.To(int32(r.Intn(3)))
		}
		if chance(0.05) {
			set.Status.Conditions = []apps.ReplicaSetCondition{{Type: apps.ReplicaSetReplicaFailure, Status: v1.ConditionTrue, Reason: "FailedCreate", Message: "quota", LastTransitionTime: ago(50)}}
		}
		if chance(0.04) {
			set.OwnerReferences = nil
		}
		c.Sets = append(c.Sets, set)
		for k := int32(0); k < set.Status.Replicas; k++ {
			c.Pods = append(c.Pods, &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%d", set.Name, k), UID: types.UID(fmt.Sprintf("%s-%d", set.Name, k)), Labels: labels, OwnerReferences: owner("ReplicaSet", set.Name)}, Status: v1.PodStatus{Phase: pick(v1.PodRunning, v1.PodRunning, v1.PodFailed)}})
		}
	}
	if chance(0.7) {
		d.Annotations["deployment.kubernetes.io/revision"] = fmt.Sprint(count + 1)
	}
	if chance(0.8) {
		d.Status = apps.DeploymentStatus{ObservedGeneration: int64(r.Intn(int(d.Generation) + 1)), Replicas: int32(r.Intn(6)), UpdatedReplicas: int32(r.Intn(4)), ReadyReplicas: int32(r.Intn(4)), AvailableReplicas: int32(r.Intn(4))}
		at := ago(pick(100, 100, 5000))
		if chance(0.8) {
			d.Status.Conditions = append(d.Status.Conditions, pick(
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionTrue, Reason: "NewReplicaSetCreated", Message: "m", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionTrue, Reason: "ReplicaSetUpdated", Message: "m", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionTrue, Reason: "NewReplicaSetAvailable", Message: "m", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionFalse, Reason: "ProgressDeadlineExceeded", Message: "m", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionUnknown, Reason: "DeploymentPaused", Message: "m", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentProgressing, Status: v1.ConditionUnknown, Reason: "DeploymentResumed", Message: "m", LastUpdateTime: at, LastTransitionTime: at}))
		}
		if chance(0.7) {
			d.Status.Conditions = append(d.Status.Conditions, pick(
				apps.DeploymentCondition{Type: apps.DeploymentAvailable, Status: v1.ConditionTrue, Reason: "MinimumReplicasAvailable", Message: "Deployment has minimum availability.", LastUpdateTime: at, LastTransitionTime: at},
				apps.DeploymentCondition{Type: apps.DeploymentAvailable, Status: v1.ConditionFalse, Reason: "MinimumReplicasUnavailable", Message: "Deployment does not have minimum availability.", LastUpdateTime: at, LastTransitionTime: at}))
		}
	}
	if chance(0.03) {
		d.DeletionTimestamp = ptr.To(ago(1))
	}
	return c
}

func copies[T any](list []*T) []*T {
	bytes, _ := json.Marshal(list)
	var out []*T
	json.Unmarshal(bytes, &out)
	return out
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 3000; n++ {
		c := makeCase()
		c.Expected = deployment.GoldenSync(c.Deployment.DeepCopy(), copies(c.Sets), copies(c.Pods))
		cases = append(cases, c)
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
