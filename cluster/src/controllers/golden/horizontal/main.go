package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/utils/ptr"
)

type Figure struct {
	Value int64 `json:"value"`
	Ago   int   `json:"ago"`
}
type Count struct {
	Now      string                     `json:"now"`
	Ask      podautoscaler.GoldenAsk    `json:"ask"`
	Pods     []*v1.Pod                  `json:"pods"`
	Figures  map[string]Figure          `json:"figures"`
	Expected podautoscaler.GoldenAnswer `json:"expected"`
}
type Limit struct {
	Spec            autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
	Recommendations []podautoscaler.GoldenPast                `json:"recommendations"`
	Ups             []podautoscaler.GoldenPast                `json:"ups"`
	Downs           []podautoscaler.GoldenPast                `json:"downs"`
	Current         int32                                     `json:"current"`
	Desired         int32                                     `json:"desired"`
	Expected        podautoscaler.GoldenNormalized            `json:"expected"`
}

var r = rand.New(rand.NewSource(35))
var now = time.Now()

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }

// Between whole seconds, so that the time it takes changes nothing.
func ago(seconds int) metav1.Time {
	return metav1.NewTime(now.Truncate(time.Second).Add(-time.Duration(seconds) * time.Second))
}

func count() Count {
	ask := podautoscaler.GoldenAsk{Kind: pick("utilization", "utilization", "raw", "pods", "object", "share"), Resource: pick("cpu", "cpu", "memory"), Current: int32(1 + r.Intn(6)), Up: pick(0.1, 0.1, 0.05, 0), Down: pick(0.1, 0.1, 0.3)}
	if ask.Kind == "utilization" || ask.Kind == "raw" {
		ask.Container = pick("", "", "main")
	}
	ask.Target = pick[int64](50, 80, 100, 120)
	if ask.Kind != "utilization" {
		ask.Target = pick[int64](100, 500, 2000)
	}
	if ask.Kind == "object" && chance(0.1) {
		ask.Current = 0
	}
	c := Count{Now: now.Truncate(time.Second).UTC().Format(time.RFC3339), Ask: ask, Figures: map[string]Figure{}}
	info := metrics.PodMetricsInfo{}
	pods := r.Intn(7)
	for i := 0; i < pods; i++ {
		name := fmt.Sprintf("pod-%d", i)
		p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}}
		request := func() v1.ResourceRequirements {
			if chance(0.02) {
				return v1.ResourceRequirements{}
			}
			return v1.ResourceRequirements{Requests: v1.ResourceList{v1.ResourceName(ask.Resource): resource.MustParse(pick("100m", "500m", "1", "2"))}}
		}
		p.Spec.Containers = []v1.Container{{Name: "main", Resources: request()}}
		if chance(0.3) {
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: "side", Resources: request()})
		}
		if chance(0.2) {
			p.Spec.InitContainers = []v1.Container{{Name: "mesh", Resources: request(), RestartPolicy: pick(nil, ptr.To(v1.ContainerRestartPolicyAlways))}}
		}
		if chance(0.1) {
			p.Spec.Resources = ptr.To(v1.ResourceRequirements{Requests: v1.ResourceList{v1.ResourceName(ask.Resource): resource.MustParse("1500m")}})
		}
		p.Status.Phase = pick(v1.PodRunning, v1.PodRunning, v1.PodRunning, v1.PodRunning, v1.PodPending, v1.PodFailed)
		if chance(0.9) {
			p.Status.StartTime = ptr.To(ago(pick(20, 100, 299, 301, 1000)))
		}
		if chance(0.93) {
			p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: pick(v1.ConditionTrue, v1.ConditionTrue, v1.ConditionTrue, v1.ConditionFalse), LastTransitionTime: ago(pick(5, 90, 275, 290, 980))}}
		}
		if chance(0.05) {
			p.DeletionTimestamp = ptr.To(ago(2))
		}
		c.Pods = append(c.Pods, p)
		if chance(0.85) {
			f := Figure{Value: ask.Target * int64(pick(1, 5, 9, 10, 11, 15, 30)) / 10, Ago: pick(5, 30, 70)}
			if ask.Kind == "utilization" {
				f.Value = int64(r.Intn(2000))
			}
			c.Figures[name] = f
			info[name] = metrics.PodMetric{Timestamp: ago(f.Ago).Time, Window: time.Minute, Value: f.Value}
		}
	}
	if ask.Kind == "object" || ask.Kind == "share" {
		f := Figure{Value: ask.Target * int64(1+r.Intn(60)) / 10}
		c.Figures = map[string]Figure{"": f}
		info = metrics.PodMetricsInfo{"": {Value: f.Value}}
	}
	c.Expected = podautoscaler.GoldenReplicas(ask, info, c.Pods)
	return c
}

func past(limit int) []podautoscaler.GoldenPast {
	out := []podautoscaler.GoldenPast{}
	for n := r.Intn(4); n > 0; n-- {
		out = append(out, podautoscaler.GoldenPast{Replicas: int32(1 + r.Intn(limit)), Ago: pick(3, 20, 50, 70, 200, 280, 320, 700)})
	}
	return out
}

func rules(up bool) *autoscalingv2.HPAScalingRules {
	rules := &autoscalingv2.HPAScalingRules{SelectPolicy: ptr.To(pick(autoscalingv2.MaxChangePolicySelect, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect))}
	if up || chance(0.6) {
		rules.StabilizationWindowSeconds = ptr.To(int32(pick(0, 0, 60, 300)))
	}
	for n := 1 + r.Intn(2); n > 0; n-- {
		rules.Policies = append(rules.Policies, autoscalingv2.HPAScalingPolicy{Type: pick(autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy), Value: int32(pick(1, 2, 4, 10, 50, 100)), PeriodSeconds: int32(pick(15, 60, 120, 600))})
	}
	return rules
}

func limit() Limit {
	l := Limit{Recommendations: past(20), Ups: past(6), Downs: past(6), Current: int32(1 + r.Intn(15)), Desired: int32(1 + r.Intn(30))}
	l.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To(int32(1 + r.Intn(3))), MaxReplicas: int32(5 + r.Intn(25))}
	if chance(0.7) {
		l.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules(true), ScaleDown: rules(false)}
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{Spec: *l.Spec.DeepCopy()}
	l.Expected = podautoscaler.GoldenNormalize(hpa, l.Recommendations, l.Ups, l.Downs, l.Current, l.Desired, time.Now())
	return l
}

func main() {
	var counts []Count
	var limits []Limit
	for n := 0; n < 2500; n++ {
		now = time.Now()
		counts = append(counts, count())
		limits = append(limits, limit())
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"counts": counts, "limits": limits})
	z.Close()
	f.Close()
}
