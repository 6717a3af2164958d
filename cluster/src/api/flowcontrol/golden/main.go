// Makes the golden files: see README.md.
package main

import (
	"compress/gzip"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"time"

	v1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/util/flowcontrol"
	"k8s.io/apiserver/pkg/util/flowcontrol/fairqueuing/queueset"
	"k8s.io/apiserver/pkg/util/shufflesharding"
)

var random = rand.New(rand.NewSource(35))

func pick[T any](of ...T) T { return of[random.Intn(len(of))] }

func some(of ...string) []string {
	found := []string{}
	for _, one := range of {
		if random.Intn(3) == 0 {
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return []string{pick(of...)}
	}
	return found
}

func write(name string, what any) {
	file, err := os.Create(filepath.Join(os.Args[1], name))
	if err != nil {
		panic(err)
	}
	defer file.Close()
	packed, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	defer packed.Close()
	if err := json.NewEncoder(packed).Encode(what); err != nil {
		panic(err)
	}
}

func levels() []*v1.PriorityLevelConfiguration {
	return append(append([]*v1.PriorityLevelConfiguration{}, bootstrap.MandatoryPriorityLevelConfigurations...),
		bootstrap.SuggestedPriorityLevelConfigurations...)
}

func schemas() []*v1.FlowSchema {
	return append(append([]*v1.FlowSchema{}, bootstrap.MandatoryFlowSchemas...), bootstrap.SuggestedFlowSchemas...)
}

var (
	namespaces = []string{"default", "kube-system", "shop", "team"}
	users      = []string{"alice", "bob", "system:anonymous", "system:kube-scheduler", "system:kube-controller-manager",
		"system:node:one", "system:serviceaccount:kube-system:job-controller", "system:serviceaccount:shop:default",
		"system:serviceaccount:shop:other", "system:serviceaccount:team:default"}
	groups    = []string{"system:authenticated", "system:unauthenticated", "system:masters", "system:nodes", "system:serviceaccounts", "developers"}
	verbs     = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
	apiGroups = []string{"", "apps", "coordination.k8s.io"}
	resources = []string{"pods", "pods/status", "leases", "nodes", "nodes/status", "deployments"}
	urls      = []string{"/healthz", "/healthz/etcd", "/livez", "/readyz", "/version", "/metrics", "/metrics/slis", "/api", "/apis/apps", "/"}
)

func numbered(n int32) *int32 { return &n }

func subject() v1.Subject {
	switch random.Intn(3) {
	case 0:
		return v1.Subject{Kind: v1.SubjectKindUser, User: &v1.UserSubject{Name: pick(append(users, "*")...)}}
	case 1:
		return v1.Subject{Kind: v1.SubjectKindGroup, Group: &v1.GroupSubject{Name: pick(append(groups, "*")...)}}
	}
	return v1.Subject{Kind: v1.SubjectKindServiceAccount, ServiceAccount: &v1.ServiceAccountSubject{Namespace: pick(namespaces...), Name: pick("default", "other", "*")}}
}

func ours(all []string, every string) []string {
	if random.Intn(3) == 0 {
		return []string{every}
	}
	return some(all...)
}

func schema(i int) *v1.FlowSchema {
	fs := &v1.FlowSchema{ObjectMeta: metav1.ObjectMeta{Name: "s" + strconv.Itoa(random.Intn(1000)) + "-" + strconv.Itoa(i)}}
	fs.Spec.MatchingPrecedence = int32(1 + random.Intn(4))
	fs.Spec.PriorityLevelConfiguration.Name = pick("workload-low", "system", "absent")
	switch random.Intn(3) {
	case 0:
		fs.Spec.DistinguisherMethod = &v1.FlowDistinguisherMethod{Type: v1.FlowDistinguisherMethodByUserType}
	case 1:
		fs.Spec.DistinguisherMethod = &v1.FlowDistinguisherMethod{Type: v1.FlowDistinguisherMethodByNamespaceType}
	}
	for range 1 + random.Intn(2) {
		rule := v1.PolicyRulesWithSubjects{Subjects: []v1.Subject{subject()}}
		if random.Intn(2) == 0 {
			rule.Subjects = append(rule.Subjects, subject())
		}
		if random.Intn(4) > 0 {
			r := v1.ResourcePolicyRule{Verbs: ours(verbs, "*"), APIGroups: ours(apiGroups, "*"), Resources: ours(resources, "*"), ClusterScope: random.Intn(2) == 0}
			if random.Intn(4) > 0 {
				r.Namespaces = ours(namespaces, "*")
			}
			rule.ResourceRules = append(rule.ResourceRules, r)
		}
		if random.Intn(2) == 0 {
			rule.NonResourceRules = append(rule.NonResourceRules, v1.NonResourcePolicyRule{Verbs: ours([]string{"get", "post"}, "*"),
				NonResourceURLs: ours([]string{"/healthz", "/metrics/*", "/api*", "/version"}, "*")})
		}
		fs.Spec.Rules = append(fs.Spec.Rules, rule)
	}
	return fs
}

type asked struct {
	User      string   `json:"user"`
	Groups    []string `json:"groups"`
	Verb      string   `json:"verb"`
	Path      string   `json:"path,omitempty"`
	Group     string   `json:"group,omitempty"`
	Resource  string   `json:"resource,omitempty"`
	Sub       string   `json:"subresource,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Answer    []string `json:"answer"`
}

func question() (asked, flowcontrol.RequestDigest) {
	a := asked{User: pick(users...), Groups: some(groups...)}
	info := &request.RequestInfo{}
	if random.Intn(4) == 0 {
		a.Verb, a.Path = pick("get", "post", "head"), pick(urls...)
		info.Path = a.Path
	} else {
		info.IsResourceRequest = true
		a.Verb, a.Group, a.Resource = pick(verbs...), pick(apiGroups...), pick("pods", "leases", "nodes", "deployments")
		a.Sub = pick("", "", "status")
		a.Namespace = pick("", "default", "kube-system", "shop", "team")
		info.APIGroup, info.Resource, info.Subresource, info.Namespace = a.Group, a.Resource, a.Sub, a.Namespace
	}
	info.Verb = a.Verb
	return a, flowcontrol.RequestDigest{RequestInfo: info, User: &user.DefaultInfo{Name: a.User, Groups: a.Groups}}
}

type classification struct {
	Schemas  []*v1.FlowSchema `json:"schemas"`
	Requests []asked          `json:"requests"`
}

func classifications() []classification {
	all := []classification{}
	for round := range 60 {
		c := classification{Schemas: []*v1.FlowSchema{}}
		if round > 0 {
			for i := range 1 + random.Intn(5) {
				c.Schemas = append(c.Schemas, schema(i))
			}
		}
		g := flowcontrol.NewGolden(600, levels(), append(schemas(), c.Schemas...))
		n := 40
		if round == 0 {
			n = 1500
		}
		for range n {
			a, digest := question()
			fs, pl, flow := g.Classify(digest)
			a.Answer = []string{fs, pl, flow}
			c.Requests = append(c.Requests, a)
		}
		all = append(all, c)
	}
	return all
}

type hand struct {
	Schema string `json:"schema"`
	Flow   string `json:"flow"`
	Hash   string `json:"hash"`
	Deck   int    `json:"deck"`
	Size   int    `json:"size"`
	Hand   []int  `json:"hand"`
}

func hands() []hand {
	all := []hand{}
	for range 600 {
		h := hand{Schema: pick("global-default", "service-accounts", "Größe"), Flow: pick(append(users, namespaces...)...) + pick("", "x", "ü"), Deck: pick(1, 2, 16, 64, 128, 1000, 4096)}
		h.Size = 1 + random.Intn(min(h.Deck, 8))
		if h.Deck == 4096 {
			h.Size = min(h.Size, 5)
		}
		dealer, err := shufflesharding.NewDealer(h.Deck, h.Size)
		if err != nil {
			continue
		}
		hash := flowcontrol.HashFlow(h.Schema, h.Flow)
		h.Hash = strconv.FormatUint(hash, 10)
		h.Hand = dealer.DealIntoHand(hash, make([]int, 8))
		all = append(all, h)
	}
	return all
}

type adjustment struct {
	Demands []demand                            `json:"demands"`
	Limits  map[string]flowcontrol.GoldenLimits `json:"limits"`
}
type demand struct {
	Level   string  `json:"level"`
	Seats   float64 `json:"seats"`
	Seconds float64 `json:"seconds"`
}
type limits struct {
	Seats       int                                 `json:"seats"`
	Levels      []*v1.PriorityLevelConfiguration    `json:"levels"`
	Start       map[string]flowcontrol.GoldenLimits `json:"start"`
	Adjustments []adjustment                        `json:"adjustments"`
}

func level(i int) *v1.PriorityLevelConfiguration {
	pl := &v1.PriorityLevelConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "l" + strconv.Itoa(i)}}
	pl.Spec.Type = v1.PriorityLevelEnablementLimited
	pl.Spec.Limited = &v1.LimitedPriorityLevelConfiguration{NominalConcurrencyShares: numbered(int32(random.Intn(60))), LendablePercent: numbered(int32(random.Intn(101)))}
	if random.Intn(2) == 0 {
		pl.Spec.Limited.BorrowingLimitPercent = numbered(int32(random.Intn(200)))
	}
	pl.Spec.Limited.LimitResponse.Type = v1.LimitResponseTypeReject
	if random.Intn(2) == 0 {
		pl.Spec.Limited.LimitResponse = v1.LimitResponse{Type: v1.LimitResponseTypeQueue, Queuing: &v1.QueuingConfiguration{Queues: 8, HandSize: int32(1 + random.Intn(6)), QueueLengthLimit: 10}}
	}
	return pl
}

func allLimits() []limits {
	all := []limits{}
	for round := range 40 {
		l := limits{Seats: pick(1, 7, 20, 60, 100, 200, 400, 600), Levels: []*v1.PriorityLevelConfiguration{}}
		if round < 5 {
			l.Seats = []int{600, 400, 200, 100, 60}[round]
		} else {
			for i := range random.Intn(4) {
				l.Levels = append(l.Levels, level(i))
			}
		}
		pls := append(levels(), l.Levels...)
		g := flowcontrol.NewGolden(l.Seats, pls, schemas())
		l.Start = g.Limits()
		for range 6 {
			a := adjustment{}
			for range random.Intn(6) {
				d := demand{Level: pick(pls...).Name, Seats: float64(random.Intn(l.Seats * 2)), Seconds: float64(random.Intn(4)) + 0.5}
				g.Demand(d.Level, d.Seats)
				g.Pass(time.Duration(d.Seconds * float64(time.Second)))
				a.Demands = append(a.Demands, d)
			}
			g.Pass(time.Second)
			g.Adjust()
			a.Limits = g.Limits()
			l.Adjustments = append(l.Adjustments, a)
		}
		all = append(all, l)
	}
	return all
}

// An event: after some microseconds a request arrives, ends or gives up, or the seats change.
type event struct {
	After   int    `json:"after"`
	What    string `json:"what"`
	Id      int    `json:"id,omitempty"`
	Hash    string `json:"hash,omitempty"`
	Seats   int    `json:"seats,omitempty"`
	Queues  int    `json:"queues,omitempty"`
	Refused bool   `json:"refused,omitempty"`
	Started []int  `json:"started,omitempty"`
}
type script struct {
	Queues int     `json:"queues"`
	Hand   int     `json:"hand"`
	Length int     `json:"length"`
	Seats  int     `json:"seats"`
	Events []event `json:"events"`
}

func scripts() []script {
	all := []script{}
	for range 60 {
		s := script{Queues: pick(0, 1, 4, 8, 16, 64), Length: pick(1, 2, 5, 50), Seats: pick(1, 2, 5, 10, 30)}
		s.Hand = min(max(s.Queues, 1), pick(1, 2, 4, 6))
		g := queueset.NewGoldenQueues(s.Queues, s.Hand, s.Length, s.Seats)
		running, waiting := []int{}, []int{}
		flows := []uint64{}
		for range 1 + random.Intn(5) {
			flows = append(flows, random.Uint64())
		}
		load := pick(40, 50, 60)
		queues := s.Queues
		for id := 1; id < 300; id++ {
			e := event{After: pick(0, 0, random.Intn(5000))}
			g.Pass(time.Duration(e.After) * time.Microsecond)
			chance := random.Intn(100)
			switch {
			case chance < 3 && queues > 0:
				e.What, e.Seats = "change", pick(1, 2, 5, 10, 30)
				queues = pick(queues, max(s.Hand, queues/2), queues+4)
				e.Queues = queues
				g.Seats(queues, s.Hand, s.Length, e.Seats)
			case chance < 8 && len(waiting) > 0:
				at := random.Intn(len(waiting))
				e.What, e.Id = "gone", waiting[at]
				waiting = append(waiting[:at], waiting[at+1:]...)
				g.GiveUp(e.Id)
			case chance < load && len(running) > 0:
				at := random.Intn(len(running))
				e.What, e.Id = "end", running[at]
				running = append(running[:at], running[at+1:]...)
				g.Finish(e.Id)
			default:
				// One flow asks for more than the others.
				hash := flows[0]
				if random.Intn(2) == 0 {
					hash = pick(flows...)
				}
				e.What, e.Id, e.Hash, e.Seats = "arrive", id, strconv.FormatUint(hash, 10), pick(1, 1, 1, 2, 5, 12)
				e.Refused = !g.Arrive(id, hash, uint64(e.Seats))
				if !e.Refused {
					waiting = append(waiting, id)
				}
			}
			e.Started = g.Started()
			sort.Ints(e.Started)
			for _, started := range e.Started {
				running = append(running, started)
				for at, one := range waiting {
					if one == started {
						waiting = append(waiting[:at], waiting[at+1:]...)
						break
					}
				}
			}
			s.Events = append(s.Events, e)
		}
		all = append(all, s)
	}
	return all
}

type drop struct {
	After      int64 `json:"after"`
	Count      int   `json:"count"`
	RetryAfter int64 `json:"retryAfter"`
}

func drops() [][]drop {
	all := [][]drop{}
	for range 30 {
		g := flowcontrol.NewGoldenRetry(1_700_000_000)
		busy := pick(1, 5, 20, 100)
		one := []drop{}
		for range 80 {
			d := drop{After: int64(pick(0, 1, 1, 1, 2, 5)), Count: 1 + random.Intn(busy)}
			d.RetryAfter = g.Drop(d.After, d.Count)
			one = append(one, d)
		}
		all = append(all, one)
	}
	return all
}

func main() {
	write("defaults.json.gz", map[string]any{
		"mandatory": map[string]any{"levels": bootstrap.MandatoryPriorityLevelConfigurations, "schemas": bootstrap.MandatoryFlowSchemas},
		"suggested": map[string]any{"levels": bootstrap.SuggestedPriorityLevelConfigurations, "schemas": bootstrap.SuggestedFlowSchemas},
	})
	write("classification.json.gz", classifications())
	write("hands.json.gz", hands())
	write("limits.json.gz", allLimits())
	write("queues.json.gz", scripts())
	write("drops.json.gz", drops())
}
