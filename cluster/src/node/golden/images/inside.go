package images

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	statsapi "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
	"k8s.io/kubernetes/pkg/kubelet/container"
	ctest "k8s.io/kubernetes/pkg/kubelet/container/testing"
)

type GoldenImage struct {
	ID     string `json:"id"`
	Size   int64  `json:"size"`
	Pinned bool   `json:"pinned,omitempty"`
	InUse  bool   `json:"inUse,omitempty"`
	// Seconds before now; none for an image that nobody saw yet.
	FirstSeen *int64 `json:"firstSeen,omitempty"`
	LastUsed  *int64 `json:"lastUsed,omitempty"`
}

type GoldenCase struct {
	Images    []GoldenImage `json:"images"`
	Capacity  uint64        `json:"capacity"`
	Available uint64        `json:"available"`
	High      int           `json:"high"`
	Low       int           `json:"low"`
	MinAge    int64         `json:"minAge"`
	// Whether all that is unused has to go.
	All     bool     `json:"all,omitempty"`
	Removed []string `json:"removed"`
	Error   string   `json:"error,omitempty"`
	Events  []string `json:"events,omitempty"`
}

type goldenStats struct{ fs *statsapi.FsStats }

func (s goldenStats) ImageFsStats(context.Context) (*statsapi.FsStats, *statsapi.FsStats, error) {
	return s.fs, s.fs, nil
}

type goldenRuntime struct {
	*ctest.FakeRuntime
	removed []string
}

func (g *goldenRuntime) RemoveImage(ctx context.Context, image container.ImageSpec) error {
	g.removed = append(g.removed, image.Image)
	return nil
}

// GoldenCollect fills in what happens.
func GoldenCollect(c *GoldenCase) {
	fake := &goldenRuntime{FakeRuntime: &ctest.FakeRuntime{}, removed: []string{}}
	pod := &container.Pod{}
	for n, image := range c.Images {
		fake.ImageList = append(fake.ImageList, container.Image{ID: image.ID, Size: image.Size, Pinned: image.Pinned})
		if image.InUse {
			pod.Containers = append(pod.Containers, &container.Container{ID: container.ContainerID{Type: "test", ID: fmt.Sprint(n)}, ImageID: image.ID})
		}
	}
	fake.AllPodList = []*ctest.FakePod{{Pod: pod}}
	recorder := record.NewFakeRecorder(10)
	policy := ImageGCPolicy{HighThresholdPercent: c.High, LowThresholdPercent: c.Low, MinAge: time.Duration(c.MinAge) * time.Second}
	manager, err := NewImageGCManager(fake, goldenStats{&statsapi.FsStats{CapacityBytes: &c.Capacity, AvailableBytes: &c.Available}}, nil, recorder, &v1.ObjectReference{Kind: "Node", Name: "node"}, policy, noop.NewTracerProvider())
	if err != nil {
		panic(err)
	}
	im := manager.(*realImageGCManager)
	now := time.Now()
	for _, image := range c.Images {
		if image.FirstSeen == nil {
			continue
		}
		record := &imageRecord{firstDetected: now.Add(-time.Duration(*image.FirstSeen) * time.Second)}
		if image.LastUsed != nil {
			record.lastUsed = now.Add(-time.Duration(*image.LastUsed) * time.Second)
		}
		im.imageRecords[image.ID] = record
	}
	if c.All {
		err = im.DeleteUnusedImages(context.Background())
	} else {
		err = im.GarbageCollect(context.Background(), now)
	}
	if err != nil {
		c.Error = err.Error()
	}
	c.Removed = fake.removed
	for len(recorder.Events) > 0 {
		c.Events = append(c.Events, <-recorder.Events)
	}
}
