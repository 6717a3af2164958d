package eviction

import (
	"context"
	"sort"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	statsapi "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
	"k8s.io/kubernetes/pkg/kubelet/lifecycle"
	testingclock "k8s.io/utils/clock/testing"
)

type GoldenRound struct {
	Second  int64             `json:"second"`
	Summary *statsapi.Summary `json:"summary"`
	// What is seen once the node has reclaimed what it can.
	After *statsapi.Summary `json:"after"`
}

type GoldenEvicted struct {
	Pod       string `json:"pod"`
	Grace     int64  `json:"grace"`
	Message   string `json:"message"`
	Disrupted bool   `json:"disrupted,omitempty"`
}

type GoldenAnswer struct {
	Conditions []string        `json:"conditions"`
	Reclaimed  []string        `json:"reclaimed,omitempty"`
	Events     []string        `json:"events,omitempty"`
	Evicted    []GoldenEvicted `json:"evicted,omitempty"`
	// For each pod that asks to run: nothing when it is let in, else why not.
	Refused []string `json:"refused"`
}

type goldenSummaries struct{ next []*statsapi.Summary }

func (s *goldenSummaries) Get(context.Context, bool) (*statsapi.Summary, error) {
	one := s.next[0]
	s.next = s.next[1:]
	return one, nil
}

func (s *goldenSummaries) GetCPUAndMemoryStats(context.Context) (*statsapi.Summary, error) {
	return nil, nil
}

type goldenDisks struct{ dedicated bool }

func (d goldenDisks) HasDedicatedImageFs(context.Context) (bool, error)     { return d.dedicated, nil }
func (d goldenDisks) HasDedicatedContainerFs(context.Context) (bool, error) { return false, nil }

type goldenReclaim struct {
	name string
	into *[]string
}

func (g goldenReclaim) DeleteUnusedImages(context.Context) error {
	*g.into = append(*g.into, g.name)
	return nil
}

func (g goldenReclaim) DeleteAllUnusedContainers(context.Context) error {
	*g.into = append(*g.into, g.name)
	return nil
}

// GoldenRounds looks once for each round, at pods that are gone once they were evicted.
func GoldenRounds(config Config, dedicated bool, pods []*v1.Pod, rounds []GoldenRound, asking []*v1.Pod) []GoldenAnswer {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := testingclock.NewFakeClock(start)
	summaries := &goldenSummaries{}
	var answer GoldenAnswer
	gone := map[string]bool{}
	kill := func(pod *v1.Pod, isEvicted bool, grace *int64, fn func(*v1.PodStatus)) error {
		status := &v1.PodStatus{}
		fn(status)
		gone[pod.Name] = true
		answer.Evicted = append(answer.Evicted, GoldenEvicted{Pod: pod.Name, Grace: *grace, Message: status.Message, Disrupted: len(status.Conditions) > 0})
		return nil
	}
	recorder := record.NewFakeRecorder(1000)
	images, containers := goldenReclaim{"images", &answer.Reclaimed}, goldenReclaim{"containers", &answer.Reclaimed}
	config.Thresholds = append(config.Thresholds[:0:0], config.Thresholds...)
	node := &v1.ObjectReference{Kind: "Node", Name: "node"}
	manager, _ := NewManager(summaries, config, kill, images, containers, recorder, node, clock, true)
	m := manager.(*managerImpl)
	answers := []GoldenAnswer{}
	for _, round := range rounds {
		answer = GoldenAnswer{}
		clock.SetTime(start.Add(time.Duration(round.Second) * time.Second))
		summaries.next = []*statsapi.Summary{round.Summary, round.After}
		active := func() []*v1.Pod {
			left := []*v1.Pod{}
			for _, pod := range pods {
				if !gone[pod.Name] {
					left = append(left, pod)
				}
			}
			return left
		}
		if _, err := m.synchronize(context.Background(), goldenDisks{dedicated}, active); err != nil {
			panic(err)
		}
		answer.Conditions = []string{}
		for _, condition := range m.nodeConditions {
			answer.Conditions = append(answer.Conditions, string(condition))
		}
		sort.Strings(answer.Conditions)
		for len(recorder.Events) > 0 {
			answer.Events = append(answer.Events, <-recorder.Events)
		}
		answer.Refused = []string{}
		for _, pod := range asking {
			result := m.Admit(&lifecycle.PodAdmitAttributes{Pod: pod})
			text := ""
			if !result.Admit {
				text = result.Reason
				// In which order several are named is chance.
				if len(m.nodeConditions) == 1 {
					text += ": " + result.Message
				}
			}
			answer.Refused = append(answer.Refused, text)
		}
		answers = append(answers, answer)
	}
	return answers
}
