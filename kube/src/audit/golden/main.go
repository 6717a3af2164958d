// Audit policies and requests made at random, and what Kubernetes' own code makes of them; see README.md.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"

	auditinternal "k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

var r = rand.New(rand.NewSource(1))

func oneOf(all ...string) string { return all[r.Intn(len(all))] }
func some(most int, all ...string) []string {
	n := r.Intn(most + 1)
	out := []string{}
	for i := 0; i < n; i++ {
		out = append(out, oneOf(all...))
	}
	return out
}
func chance(n int) bool { return r.Intn(n) == 0 }

var users = []string{"alice", "bob", "system:anonymous", "system:kube-proxy", "system:serviceaccount:kube-system:x", "system:apiserver"}
var groups = []string{"system:authenticated", "system:unauthenticated", "system:nodes", "system:masters", "dev", "system:serviceaccounts:kube-system"}
var verbs = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "head", "options"}
var apiGroups = []string{"", "apps", "batch", "rbac.authorization.k8s.io", "example.com"}
var resources = []string{"pods", "secrets", "configmaps", "deployments", "nodes", "namespaces", "widgets"}
var subs = []string{"status", "log", "exec", "scale", "token"}
var namespaces = []string{"", "default", "kube-system", "team-a"}
var names = []string{"", "a", "b", "controller-leader"}
var paths = []string{"/", "/healthz", "/healthz/ping", "/livez", "/version", "/metrics", "/api", "/apis", "/apis/apps/v1", "/openapi/v2", "/swagger", "/readyz/etcd", "/healthz*", "*"}
var specs = []string{"*", "/", "/healthz*", "/healthz/*", "/version", "/api*", "/metrics", "/openapi/*", "/healthz**", "/*", "/readyz/etcd"}
var stages = []string{"RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"}
var levels = []string{"None", "Metadata", "Request", "RequestResponse"}

type M = map[string]any

func put(m M, k string, v []string) {
	if len(v) > 0 {
		m[k] = v
	} else if chance(12) {
		m[k] = []string{}
	}
}

func rule(bad bool) M {
	m := M{"level": oneOf(levels...)}
	if bad && chance(4) {
		m["level"] = oneOf("metadata", "All", "", "Requestresponse")
	}
	if bad && chance(8) {
		delete(m, "level")
	}
	if chance(3) {
		put(m, "users", some(2, users...))
	}
	if chance(3) {
		put(m, "userGroups", some(2, groups...))
	}
	if chance(2) {
		put(m, "verbs", some(4, verbs...))
	}
	isPath := chance(3)
	if isPath || bad && chance(4) {
		all := specs
		if bad {
			all = append(append([]string{}, specs...), "healthz", "/a*b", "", "**", "a*", "/healthz/**")
		}
		if all2 := some(3, all...); len(all2) > 0 {
			if !bad {
				for i, s := range all2 {
					if s == "/healthz**" {
						all2[i] = "/healthz*"
					}
				}
			}
			put(m, "nonResourceURLs", all2)
		}
	}
	if !isPath || bad && chance(4) {
		if chance(3) {
			put(m, "namespaces", some(2, namespaces...))
		}
		n := r.Intn(3)
		grs := []M{}
		for i := 0; i < n; i++ {
			gr := M{}
			g := oneOf(apiGroups...)
			if bad && chance(3) {
				g = oneOf("rbac.authorization.k8s.io/v1", "Apps", "a_b", "*", "-x", strings.Repeat("x", 254))
			}
			if g != "" || chance(2) {
				gr["group"] = g
			}
			res := []string{}
			for j := r.Intn(4); j > 0; j-- {
				switch r.Intn(6) {
				case 0:
					res = append(res, "*")
				case 1:
					res = append(res, oneOf(resources...)+"/"+oneOf(subs...))
				case 2:
					res = append(res, "*/"+oneOf(subs...))
				case 3:
					res = append(res, oneOf(resources...)+"/*")
				default:
					res = append(res, oneOf(resources...))
				}
			}
			put(gr, "resources", res)
			if len(res) > 0 && chance(3) || bad && chance(3) {
				put(gr, "resourceNames", some(2, names...))
			}
			grs = append(grs, gr)
		}
		if len(grs) > 0 {
			m["resources"] = grs
		}
	}
	if chance(4) {
		s := some(3, stages...)
		if bad && chance(2) {
			s = append(s, oneOf("Received", "", "panic"))
		}
		put(m, "omitStages", s)
	}
	if chance(4) {
		m["omitManagedFields"] = chance(2)
	}
	return m
}

func randomPolicy(bad bool) M {
	m := M{"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}
	n := 1 + r.Intn(6)
	rules := []M{}
	for i := 0; i < n; i++ {
		rules = append(rules, rule(bad))
	}
	m["rules"] = rules
	if chance(2) {
		s := some(2, stages...)
		if bad && chance(3) {
			s = append(s, "Nothing")
		}
		put(m, "omitStages", s)
	}
	if chance(3) {
		m["omitManagedFields"] = chance(2)
	}
	if bad && chance(20) {
		m["rules"] = []M{}
	}
	if bad && chance(20) {
		m["apiVersion"] = oneOf("audit.k8s.io/v1beta1", "v1", "audit.k8s.io/v2", "")
	}
	if bad && chance(25) {
		m["kind"] = oneOf("Polic", "Event", "")
	}
	return m
}

func randomRequest() M {
	m := M{}
	if !chance(12) {
		m["user"] = oneOf(users...)
		m["groups"] = some(3, groups...)
	}
	m["verb"] = oneOf(verbs...)
	if chance(4) {
		m["path"] = oneOf(paths...)
		return m
	}
	m["group"] = oneOf(apiGroups...)
	m["resource"] = oneOf(resources...)
	m["subresource"] = ""
	if chance(3) {
		m["subresource"] = oneOf(subs...)
	}
	m["namespace"] = oneOf(namespaces...)
	m["name"] = oneOf(names...)
	return m
}

func str(m M, k string) string { s, _ := m[k].(string); return s }

func attrs(m M) authorizer.Attributes {
	a := authorizer.AttributesRecord{Verb: str(m, "verb")}
	if u, ok := m["user"].(string); ok {
		a.User = &user.DefaultInfo{Name: u, Groups: m["groups"].([]string)}
	}
	if p, ok := m["path"].(string); ok {
		a.Path = p
		return a
	}
	a.ResourceRequest = true
	a.APIGroup, a.APIVersion, a.Resource, a.Subresource = str(m, "group"), "v1", str(m, "resource"), str(m, "subresource")
	a.Namespace, a.Name = str(m, "namespace"), str(m, "name")
	return a
}

type entry struct {
	Policy json.RawMessage `json:"policy"`
	Error  string          `json:"error,omitempty"`
	Asked  string          `json:"results,omitempty"`
}

func main() {
	requests := []M{}
	for i := 0; i < 300; i++ {
		requests = append(requests, randomRequest())
	}
	outcomes := []string{}
	index := map[string]int{}
	entries := []entry{}
	for i := 0; i < 500; i++ {
		m := randomPolicy(i >= 320)
		raw, _ := json.Marshal(m)
		e := entry{Policy: raw}
		p, err := policy.LoadPolicyFromBytes(raw)
		if err != nil {
			e.Error = err.Error()
			entries = append(entries, e)
			continue
		}
		ev := policy.NewPolicyRuleEvaluator(p)
		codes := []string{}
		for _, q := range requests {
			c := ev.EvaluatePolicyRule(attrs(q))
			ss := []string{}
			for _, s := range c.OmitStages {
				ss = append(ss, string(s))
			}
			sort.Strings(ss)
			key := fmt.Sprintf("%s omit=%s managed=%v", c.Level, strings.Join(ss, ","), !c.OmitManagedFields)
			if c.Level == auditinternal.LevelNone {
				key = "None"
			}
			at, ok := index[key]
			if !ok {
				at = len(outcomes)
				index[key] = at
				outcomes = append(outcomes, key)
			}
			codes = append(codes, fmt.Sprintf("%02x", at))
		}
		e.Asked = strings.Join(codes, "")
		entries = append(entries, e)
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	packed := gzip.NewWriter(out)
	golden := M{"outcomes": outcomes, "requests": requests, "policies": entries}
	if err := json.NewEncoder(packed).Encode(golden); err != nil {
		panic(err)
	}
	if err := packed.Close(); err != nil {
		panic(err)
	}
}
