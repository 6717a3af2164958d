package queueset

import (
	"context"
	"time"

	fq "k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing"
	"k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing/eventclock"
	"k8s.io/apiserver/pkg/util/flowcontrol/metrics"
	fqrequest "k8s.io/apiserver/pkg/util/flowcontrol/request"
)

type goldenClock struct {
	eventclock.Real
	at time.Time
}

func (c *goldenClock) Now() time.Time                  { return c.at }
func (c *goldenClock) Since(t time.Time) time.Duration { return c.at.Sub(t) }

type nothing struct{}

func (nothing) Set(float64)            {}
func (nothing) Add(float64)            {}
func (nothing) Inc()                   {}
func (nothing) Dec()                   {}
func (nothing) SetToCurrentTime()      {}
func (nothing) SetDenominator(float64) {}

// GoldenQueues is one level's queues, by a clock that somebody else moves.
type GoldenQueues struct {
	qs       *queueSet
	clock    *goldenClock
	requests map[int]*request
	running  map[int]bool
}

// NewGoldenQueues makes them; no queues at all mean that what is too much is refused.
func NewGoldenQueues(queues, handSize, lengthLimit, seats int) *GoldenQueues {
	clk := &goldenClock{at: time.Unix(1_700_000_000, 0)}
	completer, err := newTestableQueueSetFactory(clk, ordinaryPromiseFactoryFactory).BeginConstruction(
		fq.QueuingConfig{Name: "golden", DesiredNumQueues: queues, HandSize: handSize, QueueLengthLimit: lengthLimit},
		metrics.RatioedGaugePair{RequestsWaiting: nothing{}, RequestsExecuting: nothing{}}, nothing{}, nothing{})
	if err != nil {
		panic(err)
	}
	qs := completer.Complete(fq.DispatchingConfig{ConcurrencyLimit: seats, ConcurrencyDenominator: seats})
	return &GoldenQueues{qs: qs.(*queueSet), clock: clk, requests: map[int]*request{}, running: map[int]bool{}}
}

// Pass lets time go by.
func (g *GoldenQueues) Pass(d time.Duration) { g.clock.at = g.clock.at.Add(d) }

// Arrive answers whether the request was taken.
func (g *GoldenQueues) Arrive(id int, hash uint64, seats uint64) bool {
	req, _ := g.qs.StartRequest(context.Background(), &fqrequest.WorkEstimate{InitialSeats: seats}, hash, "", "", id, "", nil)
	if req == nil {
		return false
	}
	g.requests[id] = req.(*request)
	return true
}

// Finish ends one that runs.
func (g *GoldenQueues) Finish(id int) {
	g.qs.finishRequestAndDispatchAsMuchAsPossible(g.requests[id])
	delete(g.requests, id)
	delete(g.running, id)
}

// GiveUp takes one that waits out of its queue, as its time is over.
func (g *GoldenQueues) GiveUp(id int) {
	req := g.requests[id]
	req.decision.Set(decisionCancel)
	req.wait()
	delete(g.requests, id)
}

// Seats changes how many there are.
func (g *GoldenQueues) Seats(queues, handSize, lengthLimit, seats int) {
	completer, err := g.qs.BeginConfigChange(
		fq.QueuingConfig{Name: "golden", DesiredNumQueues: queues, HandSize: handSize, QueueLengthLimit: lengthLimit})
	if err != nil {
		panic(err)
	}
	completer.Complete(fq.DispatchingConfig{ConcurrencyLimit: seats, ConcurrencyDenominator: seats})
}

// Started answers which began to run since it was last asked.
func (g *GoldenQueues) Started() []int {
	started := []int{}
	for id, req := range g.requests {
		if !req.startTime.IsZero() && !g.running[id] {
			g.running[id] = true
			started = append(started, id)
		}
	}
	return started
}
