package podautoscaler

import (
	"context"
	"time"

	autoscaling "k8s.io/api/autoscaling/v2"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

type goldenMetrics struct{ info metricsclient.PodMetricsInfo }

func (g goldenMetrics) copy() metricsclient.PodMetricsInfo {
	out := metricsclient.PodMetricsInfo{}
	for k, v := range g.info {
		out[k] = v
	}
	return out
}
func (g goldenMetrics) GetResourceMetric(context.Context, v1.ResourceName, string, labels.Selector, string) (metricsclient.PodMetricsInfo, time.Time, error) {
	return g.copy(), time.Time{}, nil
}
func (g goldenMetrics) GetRawMetric(string, string, labels.Selector, labels.Selector) (metricsclient.PodMetricsInfo, time.Time, error) {
	return g.copy(), time.Time{}, nil
}
func (g goldenMetrics) GetObjectMetric(string, string, *autoscaling.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	return g.info[""].Value, time.Time{}, nil
}
func (g goldenMetrics) GetExternalMetric(string, string, labels.Selector) ([]int64, time.Time, error) {
	return []int64{g.info[""].Value}, time.Time{}, nil
}

type GoldenAsk struct {
	Kind      string  `json:"kind"`
	Resource  string  `json:"resource"`
	Container string  `json:"container,omitempty"`
	Target    int64   `json:"target"`
	Current   int32   `json:"current"`
	Up        float64 `json:"up"`
	Down      float64 `json:"down"`
}
type GoldenAnswer struct {
	Replicas    int32  `json:"replicas"`
	Usage       int64  `json:"usage"`
	Utilization int32  `json:"utilization,omitempty"`
	Error       string `json:"error,omitempty"`
}

func GoldenReplicas(ask GoldenAsk, info metricsclient.PodMetricsInfo, pods []*v1.Pod) GoldenAnswer {
	factory := informers.NewSharedInformerFactory(fake.NewSimpleClientset(), 0)
	for _, p := range pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(p)
	}
	c := NewReplicaCalculator(goldenMetrics{info}, factory.Core().V1().Pods().Lister(), 5*time.Minute, 30*time.Second)
	t := Tolerances{ask.Down, ask.Up}
	var a GoldenAnswer
	var err error
	ref := &autoscaling.CrossVersionObjectReference{Kind: "Thing", Name: "it"}
	switch ask.Kind {
	case "utilization":
		a.Replicas, a.Utilization, a.Usage, _, err = c.GetResourceReplicas(context.Background(), ask.Current, int32(ask.Target), v1.ResourceName(ask.Resource), t, "shop", labels.Everything(), ask.Container)
	case "raw":
		a.Replicas, a.Usage, _, err = c.GetRawResourceReplicas(context.Background(), ask.Current, ask.Target, v1.ResourceName(ask.Resource), t, "shop", labels.Everything(), ask.Container)
	case "pods":
		a.Replicas, a.Usage, _, err = c.GetMetricReplicas(ask.Current, ask.Target, "m", t, "shop", labels.Everything(), labels.Everything())
	case "object":
		a.Replicas, a.Usage, _, err = c.GetObjectMetricReplicas(ask.Current, ask.Target, "m", t, "shop", ref, labels.Everything(), labels.Everything())
	case "share":
		a.Replicas, a.Usage, _, err = c.GetObjectPerPodMetricReplicas(ask.Current, ask.Target, "m", t, "shop", ref, labels.Everything())
	}
	if err != nil {
		return GoldenAnswer{Error: err.Error()}
	}
	return a
}

type GoldenPast struct {
	Replicas int32 `json:"replicas"`
	Ago      int   `json:"ago"`
}
type GoldenNormalized struct {
	Replicas int32    `json:"replicas"`
	Able     []string `json:"able"`
	Limited  []string `json:"limited"`
	Kept     int      `json:"-"`
}

func GoldenNormalize(hpa *autoscalingv2.HorizontalPodAutoscaler, recommendations, ups, downs []GoldenPast, current, desired int32, now time.Time) GoldenNormalized {
	a := HorizontalController{
		recommendations: map[string][]timestampedRecommendation{}, scaleUpEvents: map[string][]timestampedScaleEvent{}, scaleDownEvents: map[string][]timestampedScaleEvent{},
		downscaleStabilisationWindow: 5 * time.Minute,
	}
	at := func(p GoldenPast) time.Time { return now.Add(-time.Duration(p.Ago) * time.Second) }
	for _, p := range recommendations {
		a.recommendations["k"] = append(a.recommendations["k"], timestampedRecommendation{p.Replicas, at(p)})
	}
	for _, p := range ups {
		a.scaleUpEvents["k"] = append(a.scaleUpEvents["k"], timestampedScaleEvent{p.Replicas, at(p), false})
	}
	for _, p := range downs {
		a.scaleDownEvents["k"] = append(a.scaleDownEvents["k"], timestampedScaleEvent{p.Replicas, at(p), false})
	}
	var out GoldenNormalized
	if hpa.Spec.Behavior == nil {
		out.Replicas = a.normalizeDesiredReplicas(hpa, "k", current, desired, *hpa.Spec.MinReplicas)
	} else {
		out.Replicas = a.normalizeDesiredReplicasWithBehaviors(hpa, "k", current, desired, *hpa.Spec.MinReplicas)
	}
	for _, c := range hpa.Status.Conditions {
		if c.Type == autoscalingv2.AbleToScale {
			out.Able = []string{c.Reason, c.Message}
		} else {
			out.Limited = []string{string(c.Status), c.Reason, c.Message}
		}
	}
	return out
}
