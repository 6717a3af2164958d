package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	internalqueue "k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

type Cluster struct {
	Nodes       []*v1.Node                    `json:"nodes"`
	Namespaces  []*v1.Namespace               `json:"namespaces"`
	Services    []*v1.Service                 `json:"services,omitempty"`
	ReplicaSets []*appsv1.ReplicaSet          `json:"replicaSets,omitempty"`
	Budgets     []*policy.PodDisruptionBudget `json:"budgets,omitempty"`
	Placed      []*v1.Pod                     `json:"placed,omitempty"`
	Nominated   []*v1.Pod                     `json:"nominated,omitempty"`
}
type Expected struct {
	Fits    []string                    `json:"fits"`
	Scores  map[string]map[string]int64 `json:"scores,omitempty"`
	Message string                      `json:"message,omitempty"`
	Node    string                      `json:"node,omitempty"`
	Victims []string                    `json:"victims,omitempty"`
}
type Case struct {
	Cluster
	Pod      *v1.Pod  `json:"pod"`
	Expected Expected `json:"expected"`
}

var r *rand.Rand

func chance(p float64) bool        { return r.Float64() < p }
func pick[T any](xs ...T) T        { return xs[r.Intn(len(xs))] }
func q(s string) resource.Quantity { return resource.MustParse(s) }

var apps = []string{"web", "db", "cache"}
var tiers = []string{"front", "back"}
var keys = []string{"kubernetes.io/hostname", "topology.kubernetes.io/zone", "rack"}

func selector() *metav1.LabelSelector {
	switch r.Intn(5) {
	case 0:
		return &metav1.LabelSelector{}
	case 1:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: pick(metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn), Values: []string{pick(apps...), pick(apps...)}}}}
	case 2:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(apps...)}, MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: pick(metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(apps...)}}
}
func term() v1.PodAffinityTerm {
	t := v1.PodAffinityTerm{TopologyKey: pick(keys...), LabelSelector: selector()}
	if chance(0.05) {
		t.LabelSelector = nil
	}
	if chance(0.2) {
		t.Namespaces = []string{pick("shop", "bank")}
	}
	if chance(0.2) {
		t.NamespaceSelector = pick(&metav1.LabelSelector{}, &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick("a", "b")}})
	}
	return t
}
func weighted() v1.WeightedPodAffinityTerm {
	return v1.WeightedPodAffinityTerm{Weight: int32(1 + r.Intn(100)), PodAffinityTerm: term()}
}
func affinity(p *v1.Pod, often float64) {
	a := &v1.Affinity{}
	if chance(often) {
		pa := &v1.PodAffinity{}
		if chance(0.5) {
			pa.RequiredDuringSchedulingIgnoredDuringExecution = append(pa.RequiredDuringSchedulingIgnoredDuringExecution, term())
			if chance(0.3) {
				pa.RequiredDuringSchedulingIgnoredDuringExecution = append(pa.RequiredDuringSchedulingIgnoredDuringExecution, term())
			}
		}
		if chance(0.6) {
			pa.PreferredDuringSchedulingIgnoredDuringExecution = append(pa.PreferredDuringSchedulingIgnoredDuringExecution, weighted())
		}
		a.PodAffinity = pa
	}
	if chance(often) {
		pa := &v1.PodAntiAffinity{}
		if chance(0.6) {
			pa.RequiredDuringSchedulingIgnoredDuringExecution = append(pa.RequiredDuringSchedulingIgnoredDuringExecution, term())
		}
		if chance(0.6) {
			pa.PreferredDuringSchedulingIgnoredDuringExecution = append(pa.PreferredDuringSchedulingIgnoredDuringExecution, weighted())
		}
		a.PodAntiAffinity = pa
	}
	if a.PodAffinity != nil || a.PodAntiAffinity != nil {
		p.Spec.Affinity = a
	}
}
func requests() v1.ResourceList {
	l := v1.ResourceList{}
	if chance(0.8) {
		l["cpu"] = q(pick("100m", "250m", "500m", "1", "2", "1500m"))
	}
	if chance(0.7) {
		l["memory"] = q(pick("100Mi", "512Mi", "1Gi", "2G", "3Gi"))
	}
	if chance(0.1) {
		l["ephemeral-storage"] = q(pick("1Gi", "5Gi"))
	}
	if chance(0.1) {
		l["example.com/gpu"] = q(pick("1", "2"))
	}
	return l
}
func makePod(name string, ns string) *v1.Pod {
	pr := int32(pick(0, 0, 0, 10, 100, -5))
	p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, UID: types.UID(name), Labels: map[string]string{}}}
	if chance(0.85) {
		p.Labels["app"] = pick(apps...)
	}
	if chance(0.4) {
		p.Labels["tier"] = pick(tiers...)
	}
	p.Spec.Priority = &pr
	p.Spec.SchedulerName = "default-scheduler"
	p.Spec.Containers = []v1.Container{{Name: "c", Image: pick("shop/web:1", "shop/db", "none"), Resources: v1.ResourceRequirements{Requests: requests()}}}
	if chance(0.15) {
		p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: "d", Image: pick("shop/web:1", "shop/db"), Resources: v1.ResourceRequirements{Requests: requests()}})
	}
	if chance(0.15) {
		c := v1.Container{Name: "i", Image: pick("shop/web:1", "none"), Resources: v1.ResourceRequirements{Requests: requests()}}
		if chance(0.5) {
			always := v1.ContainerRestartPolicyAlways
			c.RestartPolicy = &always
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
		if chance(0.5) {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: "j", Image: "none", Resources: v1.ResourceRequirements{Requests: requests()}})
		}
	}
	if chance(0.05) {
		p.Spec.Overhead = v1.ResourceList{"cpu": q("50m"), "memory": q("64Mi")}
	}
	if chance(0.06) {
		p.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{"cpu": q(pick("1", "2"))}}
	}
	if chance(0.15) {
		hp := v1.ContainerPort{ContainerPort: 80, HostPort: pick(int32(80), 8080), Protocol: pick(v1.ProtocolTCP, v1.ProtocolTCP, v1.ProtocolUDP)}
		if chance(0.3) {
			hp.HostIP = pick("10.0.0.1", "10.0.0.2", "0.0.0.0")
		}
		p.Spec.Containers[0].Ports = []v1.ContainerPort{hp}
	}
	return p
}
func makeNode(i int) *v1.Node {
	name := fmt.Sprintf("node-%d", i)
	n := &v1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
	if chance(0.85) {
		n.Labels["topology.kubernetes.io/zone"] = pick("z1", "z2", "z3")
	}
	if chance(0.6) {
		n.Labels["rack"] = pick("r1", "r2")
	}
	if chance(0.5) {
		n.Labels["disk"] = pick("ssd", "hdd")
		n.Labels["size"] = pick("4", "16", "x")
	}
	n.Status.Allocatable = v1.ResourceList{"cpu": q(pick("2", "4", "4", "8")), "memory": q(pick("4Gi", "8Gi", "16Gi")), "pods": q(pick("3", "8", "110", "110")), "ephemeral-storage": q("10Gi")}
	if chance(0.2) {
		n.Status.Allocatable["example.com/gpu"] = q(pick("1", "4"))
	}
	if chance(0.2) {
		n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "gpu", Value: pick("yes", ""), Effect: pick(v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule, v1.TaintEffectNoExecute)})
	}
	if chance(0.15) {
		n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "old", Effect: v1.TaintEffectPreferNoSchedule})
	}
	if chance(0.07) {
		n.Spec.Unschedulable = true
	}
	if chance(0.4) {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{"shop/web:1"}, SizeBytes: pick(int64(900_000_000), 90_000_000)})
	}
	if chance(0.3) {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{"shop/db:latest"}, SizeBytes: 2_000_000_000})
	}
	return n
}
func incoming() *v1.Pod {
	p := makePod("incoming", pick("shop", "bank"))
	p.Spec.Containers[0].Ports = nil
	if chance(0.1) {
		p.Spec.Containers[0].Ports = []v1.ContainerPort{{ContainerPort: 80, HostPort: 80, Protocol: v1.ProtocolTCP}}
	}
	pr := int32(pick(0, 10, 50, 100, 1000))
	p.Spec.Priority = &pr
	if chance(0.05) {
		never := v1.PreemptNever
		p.Spec.PreemptionPolicy = &never
	}
	if chance(0.4) {
		p.Spec.Containers[0].Resources.Requests = v1.ResourceList{"cpu": q(pick("1", "2", "3", "4", "5")), "memory": q(pick("1Gi", "3Gi", "7Gi"))}
	}
	if chance(0.35) {
		affinity(p, 0.6)
	}
	if chance(0.15) {
		p.Spec.NodeSelector = map[string]string{"disk": pick("ssd", "hdd")}
	}
	if chance(0.2) {
		if p.Spec.Affinity == nil {
			p.Spec.Affinity = &v1.Affinity{}
		}
		na := &v1.NodeAffinity{}
		if chance(0.6) {
			ts := []v1.NodeSelectorTerm{}
			for i := 0; i <= r.Intn(2); i++ {
				t := v1.NodeSelectorTerm{}
				if chance(0.7) {
					t.MatchExpressions = []v1.NodeSelectorRequirement{pick(
						v1.NodeSelectorRequirement{Key: "disk", Operator: pick(v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn), Values: []string{"ssd"}},
						v1.NodeSelectorRequirement{Key: "size", Operator: pick(v1.NodeSelectorOpGt, v1.NodeSelectorOpLt), Values: []string{"10"}},
						v1.NodeSelectorRequirement{Key: "rack", Operator: pick(v1.NodeSelectorOpExists, v1.NodeSelectorOpDoesNotExist)})}
				}
				if chance(0.4) {
					t.MatchFields = []v1.NodeSelectorRequirement{{Key: "metadata.name", Operator: pick(v1.NodeSelectorOpIn, v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn), Values: []string{pick("node-0", "node-1", "node-9")}}}
					if chance(0.2) {
						t.MatchFields = append(t.MatchFields, v1.NodeSelectorRequirement{Key: "metadata.name", Operator: v1.NodeSelectorOpIn, Values: []string{"node-2"}})
					}
				}
				ts = append(ts, t)
			}
			na.RequiredDuringSchedulingIgnoredDuringExecution = &v1.NodeSelector{NodeSelectorTerms: ts}
		}
		if chance(0.6) {
			na.PreferredDuringSchedulingIgnoredDuringExecution = []v1.PreferredSchedulingTerm{
				{Weight: int32(1 + r.Intn(50)), Preference: v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{{Key: "disk", Operator: v1.NodeSelectorOpIn, Values: []string{"ssd"}}}}},
				{Weight: int32(1 + r.Intn(50)), Preference: v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{{Key: "rack", Operator: v1.NodeSelectorOpExists}}}}}
		}
		p.Spec.Affinity.NodeAffinity = na
	}
	if chance(0.3) {
		t := v1.Toleration{Key: "gpu", Operator: pick(v1.TolerationOpExists, v1.TolerationOpEqual), Effect: pick(v1.TaintEffectNoSchedule, "", v1.TaintEffectPreferNoSchedule)}
		if t.Operator == v1.TolerationOpEqual {
			t.Value = pick("yes", "no")
		}
		p.Spec.Tolerations = append(p.Spec.Tolerations, t)
	}
	if chance(0.05) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, v1.Toleration{Operator: v1.TolerationOpExists})
	}
	if chance(0.35) {
		for i := 0; i <= r.Intn(2); i++ {
			c := v1.TopologySpreadConstraint{MaxSkew: int32(1 + r.Intn(2)), TopologyKey: keys[(r.Intn(3)+i)%3], WhenUnsatisfiable: pick(v1.DoNotSchedule, v1.ScheduleAnyway), LabelSelector: selector()}
			if chance(0.2) && c.WhenUnsatisfiable == v1.DoNotSchedule {
				c.MinDomains = pick(ptr(int32(2)), ptr(int32(5)))
			}
			if chance(0.3) {
				c.NodeAffinityPolicy = pick(ptr(v1.NodeInclusionPolicyHonor), ptr(v1.NodeInclusionPolicyIgnore))
			}
			if chance(0.3) {
				c.NodeTaintsPolicy = pick(ptr(v1.NodeInclusionPolicyHonor), ptr(v1.NodeInclusionPolicyIgnore))
			}
			if chance(0.2) {
				c.MatchLabelKeys = []string{pick("tier", "absent")}
			}
			p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
			if len(p.Spec.TopologySpreadConstraints) == 2 && p.Spec.TopologySpreadConstraints[0].TopologyKey == c.TopologyKey && p.Spec.TopologySpreadConstraints[0].WhenUnsatisfiable == c.WhenUnsatisfiable {
				p.Spec.TopologySpreadConstraints = p.Spec.TopologySpreadConstraints[:1]
			}
		}
	}
	return p
}
func ptr[T any](x T) *T { return &x }

func makeCase() Case {
	var c Case
	for i := 0; i < 2+r.Intn(6); i++ {
		c.Nodes = append(c.Nodes, makeNode(i))
	}
	for _, n := range []string{"shop", "bank"} {
		ns := &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n, Labels: map[string]string{"team": pick("a", "b")}}}
		c.Namespaces = append(c.Namespaces, ns)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; i < r.Intn(22); i++ {
		p := makePod(fmt.Sprintf("p%d", i), pick("shop", "shop", "bank"))
		if chance(0.3) {
			affinity(p, 0.4)
		}
		p.Spec.NodeName = c.Nodes[r.Intn(len(c.Nodes))].Name
		p.Status.StartTime = &metav1.Time{Time: start.Add(time.Duration(r.Intn(100000)) * time.Second)}
		c.Placed = append(c.Placed, p)
	}
	if chance(0.4) {
		c.Services = append(c.Services, &v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: pick("shop", "bank")}, Spec: v1.ServiceSpec{Selector: map[string]string{"app": pick(apps...)}}})
		if chance(0.3) {
			c.Services = append(c.Services, &v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "t", Namespace: "shop"}, Spec: v1.ServiceSpec{Selector: map[string]string{"tier": pick(tiers...)}}})
		}
	}
	c.Pod = incoming()
	if chance(0.3) {
		rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "rs", Namespace: c.Pod.Namespace, UID: "rs"}, Spec: appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": c.Pod.Labels["app"]}}}}
		c.ReplicaSets = append(c.ReplicaSets, rs)
		c.Pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "rs", UID: "rs", Controller: ptr(true)}}
	}
	for i := 0; i < r.Intn(3); i++ {
		b := &policy.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("b%d", i), Namespace: "shop"}, Spec: policy.PodDisruptionBudgetSpec{Selector: selector(), MinAvailable: ptr(intstr.FromInt32(1))}}
		b.Status.DisruptionsAllowed = int32(r.Intn(2))
		if chance(0.2) {
			b.Status.DisruptedPods = map[string]metav1.Time{"p1": {Time: start}}
		}
		c.Budgets = append(c.Budgets, b)
	}
	if chance(0.2) {
		p := makePod("awaited", "shop")
		if chance(0.4) {
			affinity(p, 0.5)
		}
		p.Spec.Priority = pick(ptr(int32(0)), ptr(int32(1000)))
		p.Status.NominatedNodeName = c.Nodes[r.Intn(len(c.Nodes))].Name
		c.Nominated = append(c.Nominated, p)
	}
	return c
}

func judge(ctx context.Context, c *Case) bool {
	logger := klog.FromContext(ctx)
	objs := []runtime.Object{c.Pod}
	for _, o := range c.Namespaces {
		objs = append(objs, o)
	}
	for _, o := range c.Services {
		objs = append(objs, o)
	}
	for _, o := range c.ReplicaSets {
		objs = append(objs, o)
	}
	for _, o := range c.Budgets {
		objs = append(objs, o)
	}
	for _, o := range c.Placed {
		objs = append(objs, o)
	}
	for _, o := range c.Nominated {
		objs = append(objs, o)
	}
	cs := fake.NewSimpleClientset(objs...)
	inf := informers.NewSharedInformerFactory(cs, 0)
	cfg, err := latest.Default()
	must(err)
	profile := cfg.Profiles[0]
	var keep []config.Plugin
	for _, p := range profile.Plugins.MultiPoint.Enabled {
		switch p.Name {
		case "DynamicResources", "VolumeBinding", "VolumeRestrictions", "VolumeZone", "NodeVolumeLimits":
		default:
			keep = append(keep, p)
		}
	}
	profile.Plugins.MultiPoint.Enabled = keep
	snapshot := internalcache.NewSnapshot(c.Placed, c.Nodes)
	queue := internalqueue.NewSchedulingQueue(func(a, b fwk.QueuedPodInfo) bool { return false }, inf)
	f, err := frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), &profile,
		frameworkruntime.WithClientSet(cs), frameworkruntime.WithInformerFactory(inf), frameworkruntime.WithEventRecorder(&events.FakeRecorder{}),
		frameworkruntime.WithSnapshotSharedLister(snapshot), frameworkruntime.WithPodNominator(queue), frameworkruntime.WithLogger(logger),
		frameworkruntime.WithWaitingPods(frameworkruntime.NewWaitingPodsMap()))
	must(err)
	dp, err := defaultpreemption.New(ctx, &config.DefaultPreemptionArgs{MinCandidateNodesPercentage: 10, MinCandidateNodesAbsolute: 100}, f, feature.Features{})
	must(err)
	inf.Start(ctx.Done())
	inf.WaitForCacheSync(ctx.Done())
	for _, p := range c.Nominated {
		queue.Add(logger, p)
		if got := queue.NominatedPodsForNode(p.Status.NominatedNodeName); len(got) != 1 || len(got[0].GetPod().Spec.Containers) == 0 {
			panic("not nominated")
		}
	}
	state := framework.NewCycleState()
	diag := framework.Diagnosis{NodeToStatus: framework.NewDefaultNodeToStatus()}
	all, _ := snapshot.NodeInfos().List()
	var feasible []fwk.NodeInfo
	pre, st, by := f.RunPreFilterPlugins(ctx, state, c.Pod)
	if !st.IsSuccess() {
		if !st.IsRejected() {
			panic(st)
		}
		diag.NodeToStatus.SetAbsentNodesStatus(st)
		diag.PreFilterMsg = st.Message()
	} else {
		nodes := all
		if !pre.AllNodes() {
			nodes = nil
			for n := range pre.NodeNames {
				if ni, err := snapshot.Get(n); err == nil {
					nodes = append(nodes, ni)
				}
			}
			l := by.UnsortedList()
			sort.Strings(l)
			diag.NodeToStatus.SetAbsentNodesStatus(fwk.NewStatus(fwk.UnschedulableAndUnresolvable, fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", l)))
		}
		for _, n := range nodes {
			s := f.RunFilterPluginsWithNominatedPods(ctx, state, c.Pod, n)
			if s.IsSuccess() {
				feasible = append(feasible, n)
			} else if s.IsRejected() {
				diag.NodeToStatus.Set(n.Node().Name, s)
			} else {
				panic(s)
			}
		}
	}
	c.Expected.Fits = []string{}
	for _, n := range feasible {
		c.Expected.Fits = append(c.Expected.Fits, n.Node().Name)
	}
	sort.Strings(c.Expected.Fits)
	if len(feasible) > 1 {
		if s := f.RunPreScorePlugins(ctx, state, c.Pod, feasible); !s.IsSuccess() {
			panic(s)
		}
		ps, s := f.RunScorePlugins(ctx, state, c.Pod, feasible)
		if !s.IsSuccess() {
			panic(s)
		}
		c.Expected.Scores = map[string]map[string]int64{}
		for _, n := range ps {
			m := map[string]int64{}
			for _, x := range n.Scores {
				m[x.Name] = x.Score
			}
			c.Expected.Scores[n.Name] = m
		}
	}
	if len(feasible) > 0 {
		return true
	}
	fit := &framework.FitError{Pod: c.Pod, NumAllNodes: len(all), Diagnosis: diag}
	defer func() { c.Expected.Message = fit.Error() }()
	if ok, msg := dp.PodEligibleToPreemptOthers(ctx, c.Pod, diag.NodeToStatus.Get(c.Pod.Status.NominatedNodeName)); !ok {
		fit.Diagnosis.PostFilterMsg = "preemption: " + msg
		return true
	}
	potential, err := diag.NodeToStatus.NodesForStatusCode(snapshot.NodeInfos(), fwk.Unschedulable)
	must(err)
	statuses := framework.NewDefaultNodeToStatus()
	if len(potential) > 0 {
		cands, sts, err := dp.Evaluator.DryRunPreemption(ctx, state, c.Pod, potential, c.Budgets, 0, int32(len(potential)))
		must(err)
		statuses = sts
		if len(cands) > 0 {
			best := dp.Evaluator.SelectCandidate(ctx, cands)
			for i := 0; i < 8; i++ {
				if dp.Evaluator.SelectCandidate(ctx, cands).Name() != best.Name() {
					return false
				}
			}
			c.Expected.Node = best.Name()
			for _, v := range best.Victims().Pods {
				c.Expected.Victims = append(c.Expected.Victims, v.Name)
			}
			return true
		}
	}
	pf := &framework.FitError{Pod: c.Pod, NumAllNodes: len(all), Diagnosis: framework.Diagnosis{NodeToStatus: statuses}}
	pf.Diagnosis.NodeToStatus.SetAbsentNodesStatus(fwk.NewStatus(fwk.UnschedulableAndUnresolvable, "Preemption is not helpful for scheduling"))
	fit.Diagnosis.PostFilterMsg = "preemption: " + pf.Error()
	return true
}
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	metrics.Register()
	klog.LogToStderr(false)
	klog.SetOutput(os.NewFile(0, os.DevNull))
	var cases []Case
	fits, preempts := 0, 0
	for seed := int64(1); len(cases) < 700; seed++ {
		r = rand.New(rand.NewSource(seed))
		c := makeCase()
		ctx, cancel := context.WithCancel(context.Background())
		ok := judge(ctx, &c)
		cancel()
		// Few of the easy ones.
		if !ok || (len(c.Expected.Fits) == 1 && fits > 0 && seed%3 != 0) {
			continue
		}
		if len(c.Expected.Fits) > 0 {
			fits++
		}
		if c.Expected.Node != "" {
			preempts++
		}
		cases = append(cases, c)
	}
	fmt.Println(len(cases), "cases,", fits, "fit,", preempts, "preempt")
	out, err := os.Create(os.Args[1])
	must(err)
	w, _ := gzip.NewWriterLevel(out, 9)
	must(json.NewEncoder(w).Encode(map[string]any{"kubernetes": "v1.35.4", "cases": cases}))
	must(w.Close())
	must(out.Close())
}
