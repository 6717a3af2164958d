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
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	"k8s.io/utils/ptr"
)

type Case struct {
	Set       *apps.StatefulSet           `json:"set"`
	Pods      []*v1.Pod                   `json:"pods"`
	Claims    []*v1.PersistentVolumeClaim `json:"claims"`
	Revisions []*apps.ControllerRevision  `json:"revisions"`
	Expected  statefulset.GoldenResult    `json:"expected"`
}

var r *rand.Rand
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second))
}

func owner(apiVersion, kind, name, uid string) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: apiVersion, Kind: kind, Name: name, UID: types.UID(uid), Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}
}

func makeCase() Case {
	labels := map[string]string{"app": "db"}
	set := &apps.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db", UID: "set-uid", Generation: int64(1 + r.Intn(3))},
		Spec: apps.StatefulSetSpec{Replicas: ptr.To(int32(r.Intn(5))), ServiceName: pick("db", ""), Selector: &metav1.LabelSelector{MatchLabels: labels}, RevisionHistoryLimit: ptr.To(int32(pick(0, 1, 10))), MinReadySeconds: pick[int32](0, 0, 30),
			PodManagementPolicy: pick(apps.OrderedReadyPodManagement, apps.OrderedReadyPodManagement, apps.ParallelPodManagement),
			UpdateStrategy:      apps.StatefulSetUpdateStrategy{Type: apps.RollingUpdateStatefulSetStrategyType, RollingUpdate: &apps.RollingUpdateStatefulSetStrategy{Partition: ptr.To(int32(pick(0, 0, 0, 1, 2, 9)))}}}}
	set.Spec.Template.Labels = labels
	set.Spec.Template.Spec.Containers = []v1.Container{{Name: "main", Image: "main:1"}}
	if chance(0.2) {
		set.Spec.Template.Spec.Volumes = []v1.Volume{{Name: pick("data", "scratch"), VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}}}
	}
	if chance(0.1) {
		set.Spec.UpdateStrategy.RollingUpdate = nil
	} else if chance(0.15) {
		set.Spec.UpdateStrategy = apps.StatefulSetUpdateStrategy{Type: apps.OnDeleteStatefulSetStrategyType}
	}
	start := 0
	if chance(0.2) {
		start = 2
		set.Spec.Ordinals = &apps.StatefulSetOrdinals{Start: 2}
	}
	for i, n := 0, r.Intn(3); i < n; i++ {
		claim := v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: []string{"data", "logs"}[i]}, Spec: v1.PersistentVolumeClaimSpec{Resources: v1.VolumeResourceRequirements{Requests: v1.ResourceList{"storage": resource.MustParse("1Gi")}}}}
		if chance(0.3) {
			claim.Labels = map[string]string{"tier": "fast", "app": "other"}
		}
		set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, claim)
	}
	if chance(0.6) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = &apps.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: pick(apps.RetainPersistentVolumeClaimRetentionPolicyType, apps.DeletePersistentVolumeClaimRetentionPolicyType),
			WhenScaled:  pick(apps.RetainPersistentVolumeClaimRetentionPolicyType, apps.DeletePersistentVolumeClaimRetentionPolicyType)}
	}
	c := Case{Set: set}
	number := int64(1)
	revision := func(name string, data []byte) {
		cr := &apps.ControllerRevision{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db-" + name, UID: types.UID("revision-" + name), Labels: map[string]string{"app": "db", "controller.kubernetes.io/hash": name}}, Revision: number, Data: runtime.RawExtension{Raw: data}}
		number += int64(1 + r.Intn(2))
		if chance(0.95) {
			cr.OwnerReferences = []metav1.OwnerReference{owner("apps/v1", "StatefulSet", "db", "set-uid")}
		}
		c.Revisions = append(c.Revisions, cr)
	}
	olds := r.Intn(4)
	for i := 0; i <= olds; i++ {
		if i == olds || chance(0.05) {
			if i == olds && chance(0.08) {
				continue
			}
			if i == olds || chance(0.5) {
				revision(fmt.Sprintf("present%d", i), statefulset.GoldenPatch(set))
			}
			continue
		}
		older := set.DeepCopy()
		older.Spec.Template.Spec.Containers[0].Image = fmt.Sprintf("main:old%d", i)
		revision(fmt.Sprintf("old%d", i), statefulset.GoldenPatch(older))
	}
	var names []string
	for _, each := range c.Revisions {
		names = append(names, each.Name)
	}
	names = append(names, "db-unknown")
	last := names[max(0, len(names)-2)]
	former := names[r.Intn(len(names))]
	set.Status = apps.StatefulSetStatus{CurrentRevision: pick(former, last), UpdateRevision: last, CurrentReplicas: int32(r.Intn(3)), Replicas: int32(r.Intn(4)), ReadyReplicas: int32(r.Intn(3)), ObservedGeneration: int64(r.Intn(int(set.Generation) + 1)), CollisionCount: ptr.To(int32(0))}
	if chance(0.2) {
		set.Status = apps.StatefulSetStatus{}
	}
	health := pick(0.6, 0.95, 1.0)
	complete := chance(0.7)
	replicas := int(*set.Spec.Replicas)
	for ordinal := max(0, start-1); ordinal <= start+replicas+1; ordinal++ {
		outside := ordinal < start || ordinal >= start+replicas
		if outside && chance(0.65) || !outside && !complete && chance(0.4) {
			continue
		}
		name := fmt.Sprintf("db-%d", ordinal)
		p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("pod-" + name), CreationTimestamp: ago(500 - ordinal),
			Labels:          map[string]string{"app": "db", "controller-revision-hash": pick(last, last, former, names[r.Intn(len(names))]), "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": fmt.Sprint(ordinal)},
			OwnerReferences: []metav1.OwnerReference{owner("apps/v1", "StatefulSet", "db", "set-uid")}}}
		p.Spec.Containers = set.Spec.Template.Spec.Containers
		for _, claim := range set.Spec.VolumeClaimTemplates {
			p.Spec.Volumes = append(p.Spec.Volumes, v1.Volume{Name: claim.Name, VolumeSource: v1.VolumeSource{PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + name}}})
		}
		p.Status.Phase = v1.PodRunning
		p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: ago(pick(100, 100, 10))}}
		if chance(1 - health) {
			switch r.Intn(5) {
			case 0:
				p.Status.Phase = v1.PodPending
				p.Status.Conditions = nil
			case 1:
				p.Status.Phase = pick(v1.PodFailed, v1.PodSucceeded)
			case 2:
				p.Status.Conditions[0].Status = v1.ConditionFalse
			case 3:
				p.DeletionTimestamp = ptr.To(ago(2))
			case 4:
				p.Status.Conditions = nil
			}
		}
		if chance(0.03) {
			delete(p.Labels, "statefulset.kubernetes.io/pod-name")
		}
		if chance(0.03) {
			p.OwnerReferences = nil
		}
		if chance(0.02) {
			p.Labels["app"] = "other"
		}
		c.Pods = append(c.Pods, p)
	}
	if chance(0.05) {
		c.Pods = append(c.Pods, &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: pick("other-0", "db"), UID: "stranger", Labels: map[string]string{"app": "db"}, OwnerReferences: []metav1.OwnerReference{owner("apps/v1", "StatefulSet", "db", "set-uid")}}, Status: v1.PodStatus{Phase: v1.PodRunning}})
	}
	for ordinal := max(0, start-1); ordinal <= start+replicas+1; ordinal++ {
		name := fmt.Sprintf("db-%d", ordinal)
		for _, template := range set.Spec.VolumeClaimTemplates {
			if chance(0.35) {
				continue
			}
			claim := &v1.PersistentVolumeClaim{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: template.Name + "-" + name, UID: types.UID("claim-" + template.Name + "-" + name)}}
			if chance(0.35) {
				claim.OwnerReferences = append(claim.OwnerReferences, owner("apps/v1", "StatefulSet", "db", pick("set-uid", "set-uid", "set-uid", "older")))
			}
			if chance(0.2) {
				claim.OwnerReferences = append(claim.OwnerReferences, owner("v1", "Pod", name, pick("pod-"+name, "pod-"+name, "older")))
			}
			if chance(0.06) {
				claim.OwnerReferences = append(claim.OwnerReferences, owner("example.com/v1", "Keeper", "keeper", "keeper"))
			}
			if len(claim.OwnerReferences) > 0 && chance(0.1) {
				claim.OwnerReferences[0].Controller = nil
			}
			if chance(0.04) {
				claim.DeletionTimestamp = ptr.To(ago(2))
				claim.Finalizers = []string{"kubernetes.io/pvc-protection"}
			}
			c.Claims = append(c.Claims, claim)
		}
	}
	if chance(0.03) {
		set.DeletionTimestamp = ptr.To(ago(1))
	}
	return c
}

func copies[T any](list []*T) []*T {
	bytes, _ := json.Marshal(list)
	var out []*T
	json.Unmarshal(bytes, &out)
	return out
}

func sync(c Case) statefulset.GoldenResult {
	return statefulset.GoldenSync(c.Set.DeepCopy(), copies(c.Pods), copies(c.Claims), copies(c.Revisions), now)
}

func text(result statefulset.GoldenResult) string {
	bytes, _ := json.Marshal(result)
	return string(bytes)
}

func main() {
	r = rand.New(rand.NewSource(35))
	var cases []Case
	for n := 0; n < 4000; n++ {
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
