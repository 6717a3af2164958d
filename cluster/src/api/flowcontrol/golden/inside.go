package flowcontrol

import (
	"math"
	"time"

	flowcontrol "k8s.io/api/flowcontrol/v1"
	"k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing/eventclock"
	fqs "k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing/queueset"
	"k8s.io/apiserver/pkg/util/flowcontrol/metrics"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
)

// GoldenClock is a clock that somebody else moves.
type GoldenClock struct{ At time.Time }

func (c *GoldenClock) Now() time.Time                  { return c.At }
func (c *GoldenClock) Since(t time.Time) time.Duration { return c.At.Sub(t) }

var _ clock.PassiveClock = &GoldenClock{}

// Golden is a controller that has digested some configuration.
type Golden struct {
	c     *configController
	clock *GoldenClock
}

// NewGolden makes one that knows no objects but these.
func NewGolden(limit int, pls []*flowcontrol.PriorityLevelConfiguration, fss []*flowcontrol.FlowSchema) *Golden {
	clk := &GoldenClock{At: time.Unix(1_700_000_000, 0)}
	client := fake.NewClientset()
	c := newTestableController(TestableConfig{
		Name:                   "golden",
		Clock:                  clk,
		AsFieldManager:         "golden",
		FoundToDangling:        func(found bool) bool { return !found },
		InformerFactory:        informers.NewSharedInformerFactory(client, 0),
		FlowcontrolClient:      client.FlowcontrolV1(),
		ServerConcurrencyLimit: limit,
		ReqsGaugeVec:           metrics.PriorityLevelConcurrencyGaugeVec,
		ExecSeatsGaugeVec:      metrics.PriorityLevelExecutionSeatsGaugeVec,
		QueueSetFactory:        fqs.NewQueueSetFactory(eventclock.Real{}),
	})
	c.lockAndDigestConfigObjects(pls, fss)
	return &Golden{c: c, clock: clk}
}

// GoldenLimits is how many seats a level has.
type GoldenLimits struct {
	Nominal  int     `json:"nominal"`
	Lower    int     `json:"lower"`
	Upper    int     `json:"upper"`
	Current  int     `json:"current"`
	MaxSeats uint64  `json:"maxSeats"`
	Smoothed float64 `json:"smoothed"`
}

// Limits of all levels now.
func (g *Golden) Limits() map[string]GoldenLimits {
	limits := map[string]GoldenLimits{}
	for name, s := range g.c.priorityLevelStates {
		limits[name] = GoldenLimits{s.nominalCL, s.minCL, s.maxCL, s.currentCL, g.c.GetMaxSeats(name), s.seatDemandStats.smoothed}
	}
	return limits
}

// Demand tells how many seats a level could use from now on.
func (g *Golden) Demand(level string, seats float64) {
	g.c.priorityLevelStates[level].seatDemandIntegrator.Set(seats)
}

// Pass lets time go by.
func (g *Golden) Pass(d time.Duration) { g.clock.At = g.clock.At.Add(d) }

// Adjust is what happens every ten seconds.
func (g *Golden) Adjust() { g.c.updateBorrowing() }

// Classify answers the schema, its level, and what tells its flows apart.
func (g *Golden) Classify(rd RequestDigest) (string, string, string) {
	for _, fs := range g.c.flowSchemas {
		if matchesFlowSchema(rd, fs) {
			return fs.Name, fs.Spec.PriorityLevelConfiguration.Name, computeFlowDistinguisher(rd, fs.Spec.DistinguisherMethod)
		}
	}
	return "", "", ""
}

// HashFlow is where a flow's hand of queues comes from.
func HashFlow(schema, distinguisher string) uint64 { return hashFlowID(schema, distinguisher) }

// GoldenRetry is a tracker of dropped requests by a clock that somebody else moves.
type GoldenRetry struct {
	t   *droppedRequestsTracker
	now int64
}

// NewGoldenRetry begins at a second.
func NewGoldenRetry(now int64) *GoldenRetry {
	g := &GoldenRetry{now: now}
	g.t = newDroppedRequestsTracker(func() time.Time { return time.Unix(g.now, 0) })
	return g
}

// Drop records requests that were dropped after so many seconds, and answers what the last of them was told.
func (g *GoldenRetry) Drop(after int64, count int) int64 {
	g.now += after
	for i := 0; i < count; i++ {
		g.t.RecordDroppedRequest("level")
	}
	return g.t.GetRetryAfter("level")
}

// Allocate shares seats out.
func Allocate(sum int, lower, upper, target []float64) ([]float64, float64, bool) {
	items := make([]allocProblemItem, len(lower))
	for i := range lower {
		items[i] = allocProblemItem{lowerBound: lower[i], upperBound: upper[i], target: target[i]}
	}
	allocs, fair, err := computeConcurrencyAllocation(sum, items)
	return allocs, fair, err == nil && !math.IsNaN(fair)
}
