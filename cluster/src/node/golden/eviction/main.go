package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	statsapi "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
	"k8s.io/kubernetes/pkg/kubelet/eviction"
	"k8s.io/utils/ptr"
)

type Settings struct {
	Hard             map[string]string `json:"hard"`
	Soft             map[string]string `json:"soft"`
	SoftGrace        map[string]string `json:"softGrace"`
	MinimumReclaim   map[string]string `json:"minimumReclaim"`
	TransitionPeriod int64             `json:"transitionPeriod"`
	MaxPodGrace      int64             `json:"maxPodGrace"`
	Dedicated        bool              `json:"dedicated"`
}

type Case struct {
	Settings Settings                `json:"settings"`
	Pods     []*v1.Pod               `json:"pods"`
	Asking   []*v1.Pod               `json:"asking"`
	Rounds   []eviction.GoldenRound  `json:"rounds"`
	Answers  []eviction.GoldenAnswer `json:"answers"`
}

const (
	gib = int64(1) << 30
	mib = int64(1) << 20
)

var r *rand.Rand

func chance(p float64) bool { return r.Float64() < p }
func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }

var signals = []string{"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available"}

func threshold(signal string) string {
	switch signal {
	case "memory.available":
		return pick("100Mi", "1Gi", "10%", "500M")
	case "nodefs.inodesFree", "imagefs.inodesFree":
		return pick("5%", "1k", "7%")
	case "pid.available":
		return pick("10%", "1000", "1k")
	}
	return pick("10%", "15%", "1Gi", "12.5%")
}

func settings() Settings {
	s := Settings{Hard: map[string]string{}, Soft: map[string]string{}, SoftGrace: map[string]string{}, MinimumReclaim: map[string]string{}}
	for _, signal := range signals {
		if chance(0.6) {
			s.Hard[signal] = threshold(signal)
		}
		if chance(0.2) {
			s.Soft[signal] = threshold(signal)
			s.SoftGrace[signal] = pick("10s", "30s", "1m30s")
		}
		if chance(0.2) {
			s.MinimumReclaim[signal] = pick("500Mi", "5%", "100")
		}
	}
	s.TransitionPeriod = pick[int64](0, 25, 300)
	s.MaxPodGrace = pick[int64](0, 20)
	s.Dedicated = chance(0.4)
	return s
}

func requests() v1.ResourceList {
	list := v1.ResourceList{}
	if chance(0.6) {
		list["memory"] = resource.MustParse(pick("100Mi", "256M", "1Gi", "300000Ki", "0"))
	}
	if chance(0.3) {
		list["cpu"] = resource.MustParse(pick("100m", "1"))
	}
	if chance(0.5) {
		list["ephemeral-storage"] = resource.MustParse(pick("100Mi", "1Gi", "2G", "0"))
	}
	return list
}

func container(name string) v1.Container {
	c := v1.Container{Name: name, Image: "main"}
	c.Resources.Requests = requests()
	if chance(0.3) {
		c.Resources.Limits = v1.ResourceList{"ephemeral-storage": resource.MustParse(pick("1Gi", "2Gi", "5Gi"))}
	}
	return c
}

func pod(name string) *v1.Pod {
	p := &v1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}}
	p.Spec.Containers = []v1.Container{container("main")}
	if chance(0.3) {
		p.Spec.Containers = append(p.Spec.Containers, container("beside"))
	}
	if chance(0.2) {
		init := container("init")
		if chance(0.6) {
			init.RestartPolicy = ptr.To(v1.ContainerRestartPolicyAlways)
		}
		p.Spec.InitContainers = []v1.Container{init}
	}
	if chance(0.1) {
		p.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{"memory": resource.MustParse(pick("500Mi", "1Gi"))}}
	}
	if chance(0.1) {
		p.Spec.Overhead = v1.ResourceList{"memory": resource.MustParse("10Mi"), "cpu": resource.MustParse("10m")}
	}
	if chance(0.6) {
		p.Spec.Priority = ptr.To(pick[int32](0, 10, 1000, -5, 2000000000, 2000001000))
	}
	if chance(0.7) {
		p.Spec.TerminationGracePeriodSeconds = ptr.To(pick[int64](0, 5, 30))
	}
	if chance(0.3) {
		p.Spec.Tolerations = []v1.Toleration{pick(
			v1.Toleration{Key: "node.kubernetes.io/memory-pressure", Operator: "Exists", Effect: "NoSchedule"},
			v1.Toleration{Key: "node.kubernetes.io/disk-pressure", Operator: "Exists"},
			v1.Toleration{Operator: "Exists"})}
	}
	empty := &v1.EmptyDirVolumeSource{}
	if chance(0.3) {
		empty.SizeLimit = ptr.To(resource.MustParse(pick("1Gi", "500Mi", "0", "3G")))
	}
	if chance(0.2) {
		empty.Medium = v1.StorageMediumMemory
	}
	for _, volume := range []v1.Volume{
		{Name: "cache", VolumeSource: v1.VolumeSource{EmptyDir: empty}},
		{Name: "config", VolumeSource: v1.VolumeSource{ConfigMap: &v1.ConfigMapVolumeSource{LocalObjectReference: v1.LocalObjectReference{Name: "config"}}}},
		{Name: "host", VolumeSource: v1.VolumeSource{HostPath: &v1.HostPathVolumeSource{Path: "/data"}}},
		{Name: "claim", VolumeSource: v1.VolumeSource{PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: "claim"}}},
	} {
		if chance(0.3) {
			p.Spec.Volumes = append(p.Spec.Volumes, volume)
		}
	}
	return p
}

func bytes(most int64) *uint64 {
	if chance(0.1) {
		return ptr.To(uint64(0))
	}
	return ptr.To(uint64(r.Int63n(most)))
}

func used() *statsapi.FsStats {
	return &statsapi.FsStats{UsedBytes: bytes(2 * gib), InodesUsed: bytes(5000)}
}

func stats(p *v1.Pod, at metav1.Time) statsapi.PodStats {
	s := statsapi.PodStats{PodRef: statsapi.PodReference{Name: p.Name, Namespace: p.Namespace, UID: p.Name}}
	total := int64(0)
	disk := uint64(0)
	for _, c := range append(append([]v1.Container{}, p.Spec.InitContainers...), p.Spec.Containers...) {
		if c.RestartPolicy == nil && c.Name == "init" {
			continue
		}
		memory := bytes(2 * gib)
		total += int64(*memory)
		one := statsapi.ContainerStats{Name: c.Name, Memory: &statsapi.MemoryStats{Time: at, WorkingSetBytes: memory}, Rootfs: used(), Logs: used()}
		disk += *one.Rootfs.UsedBytes + *one.Logs.UsedBytes
		s.Containers = append(s.Containers, one)
	}
	for _, volume := range p.Spec.Volumes {
		one := statsapi.VolumeStats{Name: volume.Name, FsStats: *used()}
		// The kernel lets a volume in memory not grow past its limit.
		if e := volume.EmptyDir; e != nil && e.Medium == v1.StorageMediumMemory && e.SizeLimit != nil && e.SizeLimit.Sign() == 1 {
			one.UsedBytes = ptr.To(min(*one.UsedBytes, uint64(e.SizeLimit.Value())))
		}
		if volume.ConfigMap != nil || (volume.EmptyDir != nil && volume.EmptyDir.Medium == "") {
			disk += *one.UsedBytes
		}
		s.VolumeStats = append(s.VolumeStats, one)
	}
	s.Memory = &statsapi.MemoryStats{Time: at, WorkingSetBytes: ptr.To(uint64(total))}
	s.EphemeralStorage = &statsapi.FsStats{UsedBytes: &disk}
	s.ProcessStats = &statsapi.ProcessStats{ProcessCount: bytes(500)}
	return s
}

func room(capacity int64) *uint64 {
	if chance(0.3) {
		return ptr.To(uint64(r.Int63n(capacity / 8)))
	}
	return ptr.To(uint64(capacity/4 + r.Int63n(capacity/2)))
}

func files(at metav1.Time) *statsapi.FsStats {
	capacity := int64(20) * gib
	return &statsapi.FsStats{Time: at, CapacityBytes: ptr.To(uint64(capacity)), AvailableBytes: room(capacity), Inodes: ptr.To(uint64(20000)), InodesFree: room(20000)}
}

func summary(pods []*v1.Pod, second int64, dedicated bool) *statsapi.Summary {
	at := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC).Add(time.Duration(second) * time.Second))
	free := room(16 * gib)
	s := &statsapi.Summary{Node: statsapi.NodeStats{
		Memory: &statsapi.MemoryStats{Time: at, AvailableBytes: free, WorkingSetBytes: ptr.To(uint64(16*gib) - *free)},
		Fs:     files(at),
		Rlimit: &statsapi.RlimitStats{Time: at, MaxPID: ptr.To(int64(32768)), NumOfRunningProcesses: ptr.To(pick[int64](300, 5000, 32000, 31000))},
	}}
	image := s.Node.Fs
	if dedicated {
		image = files(at)
	}
	s.Node.Runtime = &statsapi.RuntimeStats{ImageFs: image}
	for _, p := range pods {
		if chance(0.95) {
			s.Pods = append(s.Pods, stats(p, at))
		}
	}
	return s
}

func makeCase() (Case, bool) {
	c := Case{Settings: settings()}
	for n := r.Intn(9); n > 0; n-- {
		c.Pods = append(c.Pods, pod(fmt.Sprintf("pod-%d", n)))
	}
	for n := 0; n < 4; n++ {
		p := pod(fmt.Sprintf("asks-%d", n))
		if chance(0.5) {
			p.Spec.Containers[0].Resources = v1.ResourceRequirements{}
		}
		c.Asking = append(c.Asking, p)
	}
	second := int64(0)
	for n := 1 + r.Intn(5); n > 0; n-- {
		c.Rounds = append(c.Rounds, eviction.GoldenRound{Second: second, Summary: summary(c.Pods, second, c.Settings.Dedicated), After: summary(c.Pods, second, c.Settings.Dedicated)})
		second += pick[int64](10, 10, 20, 100, 301)
	}
	thresholds, err := eviction.ParseThresholdConfig(nil, c.Settings.Hard, c.Settings.Soft, c.Settings.SoftGrace, c.Settings.MinimumReclaim)
	if err != nil {
		panic(err)
	}
	config := eviction.Config{PressureTransitionPeriod: time.Duration(c.Settings.TransitionPeriod) * time.Second, MaxPodGracePeriodSeconds: c.Settings.MaxPodGrace, Thresholds: thresholds}
	c.Answers = eviction.GoldenRounds(config, c.Settings.Dedicated, c.Pods, c.Rounds, c.Asking)
	// Which of several thresholds comes first is chance: those answers are left out.
	for n := 0; n < 40; n++ {
		thresholds, _ := eviction.ParseThresholdConfig(nil, c.Settings.Hard, c.Settings.Soft, c.Settings.SoftGrace, c.Settings.MinimumReclaim)
		config.Thresholds = thresholds
		if !reflect.DeepEqual(c.Answers, eviction.GoldenRounds(config, c.Settings.Dedicated, c.Pods, c.Rounds, c.Asking)) {
			return c, false
		}
	}
	return c, true
}

func main() {
	r = rand.New(rand.NewSource(35))
	cases := []Case{}
	evicted, rounds := 0, 0
	for len(cases) < 250 {
		c, certain := makeCase()
		if !certain {
			continue
		}
		cases = append(cases, c)
		for _, answer := range c.Answers {
			rounds++
			evicted += len(answer.Evicted)
		}
	}
	file, _ := os.Create(os.Args[1])
	defer file.Close()
	zip, _ := gzip.NewWriterLevel(file, 9)
	defer zip.Close()
	if err := json.NewEncoder(zip).Encode(cases); err != nil {
		panic(err)
	}
	fmt.Println(len(cases), "cases,", rounds, "rounds,", evicted, "evictions")
}
