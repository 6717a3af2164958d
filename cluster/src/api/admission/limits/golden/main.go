// Pods, claims and LimitRanges made at random, and what Kubernetes' own plugin makes of them; see README.md.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

var chance = rand.New(rand.NewSource(35))

func oneOf[T any](all ...T) T { return all[chance.Intn(len(all))] }

var amounts = map[v1.ResourceName][]string{
	"cpu":               {"100m", "0.25", "500m", "1", "1500m", "2", "0"},
	"memory":            {"64Mi", "128Mi", "1Gi", "1.5Gi", "500M", "0"},
	"ephemeral-storage": {"1Gi", "2Gi", "10G"},
	"storage":           {"1Gi", "5Gi", "10Gi", "7G"},
	"example.com/gpu":   {"1", "2"},
}

func list(names ...v1.ResourceName) v1.ResourceList {
	made := v1.ResourceList{}
	for _, name := range names {
		if chance.Intn(2) == 0 {
			made[name] = resource.MustParse(oneOf(amounts[name]...))
		}
	}
	if len(made) == 0 {
		return nil
	}
	return made
}

func ofPod() v1.ResourceList { return list("cpu", "memory", "ephemeral-storage", "example.com/gpu") }

func containers(what string, count int) (made []v1.Container) {
	for i := 0; i < count; i++ {
		one := v1.Container{Name: fmt.Sprint(what, i), Image: "web", Resources: v1.ResourceRequirements{Requests: ofPod(), Limits: ofPod()}}
		if what == "first" && chance.Intn(3) == 0 {
			always := v1.ContainerRestartPolicyAlways
			one.RestartPolicy = &always
		}
		made = append(made, one)
	}
	return made
}

func pod() *v1.Pod {
	made := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}}
	made.Spec.Containers = containers("main", 1+chance.Intn(2))
	made.Spec.InitContainers = containers("first", chance.Intn(3))
	if chance.Intn(6) == 0 {
		made.Spec.Resources = &v1.ResourceRequirements{Requests: list("cpu", "memory"), Limits: list("cpu", "memory")}
	}
	return made
}

func limits() *v1.LimitRange {
	made := &v1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "limits", Namespace: "shop"}}
	for i := 1 + chance.Intn(2); i > 0; i-- {
		limit := v1.LimitRangeItem{Type: oneOf(v1.LimitTypeContainer, v1.LimitTypeContainer, v1.LimitTypePod, v1.LimitTypePersistentVolumeClaim)}
		switch limit.Type {
		case v1.LimitTypePersistentVolumeClaim:
			limit.Min, limit.Max = list("storage"), list("storage")
		case v1.LimitTypeContainer:
			limit.Default, limit.DefaultRequest = ofPod(), ofPod()
			fallthrough
		default:
			if chance.Intn(2) == 0 {
				limit.Min = ofPod()
			}
			if chance.Intn(2) == 0 {
				limit.Max = ofPod()
			}
			if chance.Intn(3) == 0 {
				limit.MaxLimitRequestRatio = v1.ResourceList{oneOf[v1.ResourceName]("cpu", "memory"): resource.MustParse(oneOf("1", "2", "1500m", "10"))}
			}
		}
		made.Spec.Limits = append(made.Spec.Limits, limit)
	}
	return made
}

type round struct {
	Range      *v1.LimitRange            `json:"range"`
	Pod        *v1.Pod                   `json:"pod,omitempty"`
	Completed  *v1.Pod                   `json:"completed,omitempty"`
	Claim      *v1.PersistentVolumeClaim `json:"claim,omitempty"`
	Violations []string                  `json:"violations,omitempty"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func texts(err error) (all []string) {
	if err == nil {
		return nil
	}
	for _, one := range err.(utilerrors.Aggregate).Errors() {
		all = append(all, one.Error())
	}
	sort.Strings(all)
	return all
}

func main() {
	var rounds []round
	for i := 0; i < 3000; i++ {
		one := round{Range: limits()}
		if i%6 == 0 {
			one.Claim = &v1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "shop"}}
			one.Claim.Spec.Resources.Requests = list("storage")
			var inner core.PersistentVolumeClaim
			must(legacyscheme.Scheme.Convert(one.Claim.DeepCopy(), &inner, nil))
			one.Violations = texts(limitranger.PersistentVolumeClaimValidateLimitFunc(one.Range, &inner))
		} else {
			one.Pod = pod()
			var inner core.Pod
			must(legacyscheme.Scheme.Convert(one.Pod.DeepCopy(), &inner, nil))
			must(limitranger.PodMutateLimitFunc(one.Range, &inner))
			one.Violations = texts(limitranger.PodValidateLimitFunc(one.Range, &inner))
			one.Completed = &v1.Pod{}
			must(legacyscheme.Scheme.Convert(&inner, one.Completed, nil))
		}
		rounds = append(rounds, one)
	}
	out, err := os.Create(os.Args[1])
	must(err)
	packed := gzip.NewWriter(out)
	must(json.NewEncoder(packed).Encode(rounds))
	must(packed.Close())
}
