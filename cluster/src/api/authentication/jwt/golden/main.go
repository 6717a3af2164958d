// AuthenticationConfigurations and tokens, and what kube-apiserver makes of them; see README.md.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand"
	"net/http"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	jose "gopkg.in/go-jose/go-jose.v2"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
	"k8s.io/klog/v2"
)

type M = map[string]any
type L = []any

var chance = mathrand.New(mathrand.NewSource(36))

func oneOf[T any](all ...T) T { return all[chance.Intn(len(all))] }
func must(err error) {
	if err != nil {
		panic(err)
	}
}

const own = "https://kubernetes.default.svc.cluster.local"

var scheme = runtime.NewScheme()
var codecs = serializer.NewCodecFactory(scheme, serializer.EnableStrict)
var compiler = authenticationcel.NewDefaultCompiler()

func load(text string) (*apiserver.AuthenticationConfiguration, error) {
	if text == "" {
		return nil, fmt.Errorf("empty config data")
	}
	decoded, err := runtime.Decode(codecs.UniversalDecoder(), []byte(text))
	if err != nil {
		return nil, err
	}
	configuration, ok := decoded.(*apiserver.AuthenticationConfiguration)
	if !ok {
		return nil, fmt.Errorf("expected AuthenticationConfiguration, got %T", decoded)
	}
	return configuration, nil
}

type judged struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

func judge(text string) judged {
	configuration, err := load(text)
	if err == nil {
		err = validation.ValidateAuthenticationConfiguration(compiler, configuration, []string{own}).ToAggregate()
	}
	if err != nil {
		return judged{text, err.Error()}
	}
	return judged{text, ""}
}

var head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"

func text(version string, fields M) string {
	fields["apiVersion"] = "apiserver.config.k8s.io/" + version
	fields["kind"] = "AuthenticationConfiguration"
	made, err := json.Marshal(fields)
	must(err)
	return string(made)
}

// ---- configurations

var expressions = []string{
	"claims.sub", "'x:' + claims.sub", "claims.email", "claims.email_verified ? claims.email : claims.sub", "claims.?email.orValue('x')",
	"claims.groups", "claims.groups.map(g, 'p:' + g)", "claims.?roles.orValue([])", "claims['email']", "has(claims.email) ? 'a' : 'b'",
	"user.username", "1", "claims.sub +", "", "claims", "[claims.email]", "{'a': claims.email}['a']", "claims.groups.exists(g, g == claims.email)",
	"claims.a.email", "foo.email", "claims.?email.value()", "string(claims.iat)", "dyn(1) == claims.x", "claims.kubernetes__dot__io.a",
}
var conditions = []string{
	"claims.exp - claims.iat <= 86400", "claims.hd == 'example.com'", "true", "claims.x", "'a'", "1", "claims.email_verified", "claims.email_verified == true",
	"claims.?email_verified.orValue(true) == true", "has(claims.x)", "claims.groups.all(g, g.startsWith('x'))", "user.username == ''", "!", "[1]", "claims.nbf < 5.0",
}
var userConditions = []string{
	"!user.username.startsWith('system:')", "user.groups.all(g, !g.startsWith('system:'))", "user.extra['a/b'].size() == 1", "user.foo == 'x'", "claims.sub == 'x'",
	"user.uid == ''", "user.username", "true", "", "user.extra.x == 'y'", "has(user.groups)",
}

func url() string {
	return oneOf("https://a.example.com", "https://a.example.com", "https://b.example.com/realm", "https://a.example.com/", "http://a.example.com", "", own,
		"https://u:p@a.example.com", "https://a.example.com?x=1", "https://a.example.com#f", "https://a.example.com#", "https://a.example.com?", "a.example.com", "https://%zz", "https://[::1", "https://a b.example.com",
		":x", "https://a.example.com:port", "HTTPS://a.example.com", "https://", "//a", "https://\x7f", "mailto:a@b", "https://a.example.com/%2", "https://c.example.com", "https://d.example.com", "https://e.example.com")
}

var goodCA string

func mapping() M {
	made := M{}
	if chance.Intn(3) > 0 {
		made["claim"] = oneOf("sub", "email", "groups", "")
	}
	if chance.Intn(2) > 0 {
		made["prefix"] = oneOf("", "p:", "-")
	}
	if chance.Intn(3) == 0 {
		made["expression"] = expressions[chance.Intn(len(expressions))]
	}
	return made
}
func goodMapping() M                 { return oneOf(M{"claim": "sub", "prefix": ""}, M{"expression": "claims.sub"}) }
func expression(all []string) string { return all[chance.Intn(len(all))] }

func authenticator() M {
	issuer := M{"url": url(), "audiences": oneOf(L{"a"}, L{"a"}, L{"a"}, L{}, L{"a", "b"}, L{"a", "a"}, L{""})}
	if chance.Intn(4) == 0 {
		issuer["discoveryURL"] = url()
	}
	if chance.Intn(3) == 0 {
		issuer["audienceMatchPolicy"] = oneOf("MatchAny", "MatchAny", "MatchAll", "")
	}
	if chance.Intn(6) == 0 {
		issuer["certificateAuthority"] = oneOf("", "x", goodCA, goodCA, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", goodCA+"\ntrailing")
	}
	if chance.Intn(10) == 0 {
		issuer["egressSelectorType"] = oneOf("controlplane", "cluster", "etcd", "")
	}
	mappings := M{"username": goodMapping()}
	if chance.Intn(3) == 0 {
		mappings["username"] = mapping()
	}
	if chance.Intn(3) == 0 {
		mappings["groups"] = mapping()
	}
	if chance.Intn(4) == 0 {
		mappings["uid"] = mapping()
		delete(mappings["uid"].(M), "prefix")
	}
	if chance.Intn(3) == 0 {
		extra := L{}
		for range oneOf(1, 1, 2, 3) {
			one := M{"key": oneOf("example.com/a", "example.com/b", "example.com/A", "a", "", "/a", "a/", "kubernetes.io/x", "x.k8s.io/y", "EXAMPLE.com/x", "a.b/c d", "a_b/c", "example.com/a/b", "a.b/\u00e9"), "valueExpression": expression(expressions)}
			if chance.Intn(10) == 0 {
				delete(one, oneOf("key", "valueExpression"))
			}
			extra = append(extra, one)
		}
		mappings["extra"] = extra
	}
	made := M{"issuer": issuer, "claimMappings": mappings}
	if chance.Intn(3) == 0 {
		rules := L{}
		for range oneOf(1, 1, 2, 3) {
			one := M{}
			if chance.Intn(2) == 0 {
				one["claim"] = oneOf("hd", "aud", "x", "")
			}
			if chance.Intn(3) == 0 {
				one["requiredValue"] = oneOf("x", "")
			}
			if chance.Intn(2) == 0 {
				one["expression"] = expression(conditions)
			}
			if chance.Intn(3) == 0 {
				one["message"] = oneOf("no", "")
			}
			rules = append(rules, one)
		}
		made["claimValidationRules"] = rules
	}
	if chance.Intn(3) == 0 {
		rules := L{}
		for range oneOf(1, 1, 2, 3) {
			rules = append(rules, M{"expression": expression(userConditions), "message": oneOf("no", "")})
		}
		made["userValidationRules"] = rules
	}
	return made
}

func configurations() []judged {
	made := []judged{}
	add := func(text string) { made = append(made, judge(text)) }
	for _, text := range []string{
		"", "x", "[]", "{}", head, head + "jwt: []", head + "jwt: null", head + "jwt: {}", head + "jwt: [null]", head + "foo: 1", head + "jwt:\n- issuer: {url: 1}",
		head + "jwt:\n- isuer: {}", head + "jwt: []\njwt: []", head + "anonymous: {}", head + "anonymous: {enabled: true}", head + "anonymous: {enabled: false, conditions: [{path: /healthz}]}",
		head + "anonymous: {enabled: false, conditions: [{path: /healthz}, {path: '/<a>'}]}",
		head + "anonymous: {enabled: true, conditions: [{path: /healthz}]}", head + "anonymous: {enabled: 'yes'}", head + "anonymous: {enabled: true, conditions: [{}]}", head + "anonymous: {enabled: true, condition: []}",
		strings.Replace(head, "/v1", "/v1beta1", 1) + "jwt: []", strings.Replace(head, "/v1", "/v1alpha1", 1) + "jwt: []", strings.Replace(head, "/v1", "/v2", 1),
		"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: []\n", "kind: AuthenticationConfiguration", "apiVersion: apiserver.config.k8s.io/v1",
		"apiVersion: v1\nkind: AuthenticationConfiguration\n",
	} {
		add(text)
	}
	many := L{}
	for range 65 {
		many = append(many, M{})
	}
	add(text("v1", M{"jwt": many}))
	for i := range 2500 {
		jwt := L{}
		for range oneOf(1, 1, 1, 2, 3) {
			jwt = append(jwt, authenticator())
		}
		fields := M{"jwt": jwt}
		if chance.Intn(20) == 0 {
			fields["anonymous"] = M{"enabled": chance.Intn(2) == 0, "conditions": L{M{"path": "/a"}}}
		}
		add(text(oneOf("v1", "v1", "v1beta1"), fields))
		_ = i
	}
	return made
}

// ---- tokens

type transport map[string]string

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	body, found := t[request.URL.String()]
	if !found {
		return &http.Response{StatusCode: 404, Status: "404 Not Found", Body: io.NopCloser(strings.NewReader(""))}, nil
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: 200, Status: "200 OK", Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
}

type signer struct {
	id  string
	alg string
	key crypto.Signer
}

const issuerURL = "https://issuer.example.com"

func encoded(value any) string {
	made, err := json.Marshal(value)
	must(err)
	return base64.RawURLEncoding.EncodeToString(made)
}

func (s signer) sign(header M, payload string) string {
	single, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: s.key}, &jose.SignerOptions{ExtraHeaders: func() map[jose.HeaderKey]any {
		made := map[jose.HeaderKey]any{}
		for name, value := range header {
			made[jose.HeaderKey(name)] = value
		}
		return made
	}()})
	must(err)
	object, err := single.Sign([]byte(payload))
	must(err)
	compact, err := object.CompactSerialize()
	must(err)
	return compact
}

type outcome struct {
	Configuration int                 `json:"configuration"`
	Token         int                 `json:"token"`
	Foreign       bool                `json:"foreign,omitempty"`
	Error         string              `json:"error,omitempty"`
	Name          string              `json:"name,omitempty"`
	UID           string              `json:"uid,omitempty"`
	Groups        []string            `json:"groups,omitempty"`
	Extra         map[string][]string `json:"extra,omitempty"`
}

var moment = regexp.MustCompile(`current time .* before`)

var documents transport
var all = []string{}
var numbers = map[string]int{}

func try(authn oidc.AuthenticatorTokenWithHealthCheck, number int, token string) outcome {
	response, ok, err := authn.AuthenticateToken(context.Background(), token)
	if _, known := numbers[token]; !known {
		numbers[token] = len(all)
		all = append(all, token)
	}
	made := outcome{Configuration: number, Token: numbers[token]}
	switch {
	case err != nil:
		made.Error = moment.ReplaceAllString(err.Error(), "current time NOW before")
	case !ok:
		made.Foreign = true
	default:
		made.Name, made.UID, made.Groups, made.Extra = response.User.GetName(), response.User.GetUID(), response.User.GetGroups(), response.User.GetExtra()
	}
	return made
}

func open(text string) oidc.AuthenticatorTokenWithHealthCheck {
	configuration, err := load(text)
	must(err)
	authn, err := oidc.New(context.Background(), oidc.Options{
		JWTAuthenticator: configuration.JWT[0], Client: &http.Client{Transport: documents}, DisallowedIssuers: []string{own},
		SupportedSigningAlgs: oidc.AllValidSigningAlgorithms(),
	})
	must(err)
	for authn.HealthCheck() != nil {
		time.Sleep(time.Millisecond)
	}
	return authn
}

const past, future = 1000000000, 4000000000

func claimSets() []string {
	base := M{"iss": issuerURL, "aud": "berth", "sub": "jane", "exp": future, "iat": past}
	with := func(more M, without ...string) string {
		made := M{}
		for name, value := range base {
			made[name] = value
		}
		for name, value := range more {
			made[name] = value
		}
		for _, name := range without {
			delete(made, name)
		}
		text, err := json.Marshal(made)
		must(err)
		return string(text)
	}
	made := []string{
		with(nil), with(M{"aud": L{"x", "berth"}}), with(M{"aud": "other"}), with(M{"aud": L{"x", "y"}}), with(M{"aud": L{}}), with(nil, "aud"), with(M{"aud": nil}), with(M{"aud": 1}),
		with(M{"aud": L{"berth2", "z"}}), with(M{"exp": past}), with(nil, "exp"), with(M{"exp": "4000000000"}), with(M{"exp": 4000000000.5}), with(M{"exp": nil}), with(M{"exp": -1}), with(M{"exp": 1e30}),
		with(M{"nbf": past}), with(M{"nbf": future}), with(M{"nbf": "x"}), with(M{"iat": "x"}), with(M{"iat": future}), with(M{"iss": "https://other.example.com"}), with(M{"iss": issuerURL + "/"}), with(nil, "iss"), with(M{"iss": 1}),
		with(M{"sub": ""}), with(nil, "sub"), with(M{"sub": 1}), with(M{"sub": nil}), with(M{"sub": L{"jane"}}), with(M{"sub": "system:admin"}),
		with(M{"email": "jane@example.com"}), with(M{"email": "jane@example.com", "email_verified": true}), with(M{"email": "jane@example.com", "email_verified": false}),
		with(M{"email": "jane@example.com", "email_verified": "true"}), with(M{"email": "jane@example.com", "email_verified": nil}), with(M{"email": ""}),
		with(M{"groups": L{"a", "b"}}), with(M{"groups": "a"}), with(M{"groups": ""}), with(M{"groups": L{}}), with(M{"groups": L{"a", 1}}), with(M{"groups": L{"a", ""}}), with(M{"groups": nil}), with(M{"groups": 1}),
		with(M{"groups": M{"a": "b"}}), with(M{"groups": L{"system:masters"}}), with(M{"groups": L{"a", nil}}), with(M{"groups": L{nil}}),
		with(M{"jti": "id-1"}), with(M{"jti": ""}), with(M{"jti": 5}), with(M{"jti": nil}), with(M{"hd": "example.com"}), with(M{"hd": "example.org"}), with(M{"hd": L{"example.com"}}), with(M{"hd": nil}),
		with(M{"a.b": "dotted", "c/d": "slashed", "n": M{"x.y": "deep", "list": L{M{"p.q": "deeper"}}}, "f-g": "dashed", "h__i": "under"}),
		with(M{"num": 5, "frac": 5.5, "big": 9007199254740993, "bool": true, "null": nil, "obj": M{"a": 1}, "list": L{1, "a"}}), with(M{"email": "a@b", "EMAIL": "c@d"}),
		with(M{"uid": "u-1"}), with(M{"uid": ""}), with(M{"roles": L{"r1", "r2"}}), with(M{"roles": "r1"}), with(M{"roles": L{}}), with(M{"roles": L{"", "r"}}),
		with(M{"_claim_names": M{"x": "src"}, "_claim_sources": M{"src": M{"endpoint": "https://x"}}}), with(M{"_claim_names": M{"x": "src"}}), with(M{"_claim_names": M{"x": ""}, "_claim_sources": M{}}),
		"null", "[]", "{}", "x", "1", `{"iss":"` + issuerURL + `","iss":"https://other.example.com","aud":"berth","sub":"jane","exp":4000000000}`,
		`{"iss":"` + issuerURL + `","aud":"berth","sub":"jane","sub":"joe","exp":4000000000}`, `{"iss":"` + issuerURL + `","aud":"berth","sub":"jane","exp":4000000000,"__proto__":"x"}`,
		`{"iss":"` + issuerURL + `","aud":"berth","sub":"__proto__","exp":4000000000,"groups":["constructor"]}`,
	}
	return made
}

func configurationsForTokens() []string {
	one := func(issuer M, rest M) string {
		whole := M{"url": issuerURL, "audiences": L{"berth"}}
		for name, value := range issuer {
			whole[name] = value
		}
		jwt := M{"issuer": whole, "claimMappings": M{"username": M{"claim": "sub", "prefix": ""}}}
		for name, value := range rest {
			jwt[name] = value
		}
		return text("v1", M{"jwt": L{jwt}})
	}
	maps := func(mappings M) string {
		if mappings["username"] == nil {
			mappings["username"] = M{"claim": "sub", "prefix": "p:"}
		}
		return one(nil, M{"claimMappings": mappings})
	}
	rule := func(expression string) string {
		return one(nil, M{"claimValidationRules": L{M{"expression": expression, "message": "it is so"}}})
	}
	expr := func(expression string) M { return M{"expression": expression} }
	made := []string{
		one(nil, nil), one(M{"audiences": L{"berth", "berth2"}, "audienceMatchPolicy": "MatchAny"}, nil),
		maps(M{"username": M{"claim": "email", "prefix": "e:"}}), maps(M{"groups": M{"claim": "groups", "prefix": ""}}), maps(M{"groups": M{"claim": "groups", "prefix": "g:"}}),
		maps(M{"uid": M{"claim": "uid"}}), maps(M{"groups": expr("claims.groups")}), maps(M{"groups": expr("claims.?roles.orValue([])")}),
		maps(M{"groups": expr("claims.?groups.orValue('').split(',').map(g, 'x:' + g)")}), maps(M{"groups": expr("claims.?groups.orValue([]).map(g, 'x:' + g)")}), maps(M{"groups": expr("dyn(claims.groups).map(g, 'x:' + g)")}), maps(M{"username": expr("'x:' + claims.sub")}), maps(M{"username": expr("claims.sub")}), maps(M{"username": expr("claims.?a__dot__b.orValue('none')")}),
		maps(M{"username": expr("claims.n.x__dot__y")}), maps(M{"username": expr("claims.n.list[0].p__dot__q")}), maps(M{"username": expr("claims['a.b']")}), maps(M{"username": expr("claims.c__slash__d + claims.f__dash__g")}),
		maps(M{"username": expr("claims.h__underscores__i")}), maps(M{"username": expr("string(claims.num)")}), maps(M{"username": expr("string(claims.frac)")}), maps(M{"username": expr("string(claims.big)")}),
		maps(M{"username": expr("string(claims.num + 1.0)")}), maps(M{"username": expr("string(claims.num + 1)")}), maps(M{"username": expr("string(type(claims.num) == double)")}), maps(M{"username": expr("string(claims.size())")}),
		maps(M{"username": expr("claims.email_verified ? claims.email : 'none'")}), maps(M{"username": expr("has(claims.email) && claims.?email_verified.orValue(true) ? claims.email : 'none'")}),
		maps(M{"uid": expr("claims.uid")}), maps(M{"uid": expr("claims.?uid.orValue('')")}),
		maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.?roles.orValue('')"}, M{"key": "example.com/b", "valueExpression": "'x'"}}}),
		maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.roles"}}}), maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.null"}}}), maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.obj"}}}),
		maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.list"}}}), maps(M{"extra": L{M{"key": "example.com/a", "valueExpression": "claims.exists(c, c == 'roles') ? ['y', ''] : []"}}}),
		one(nil, M{"claimValidationRules": L{M{"claim": "hd", "requiredValue": "example.com"}}}), one(nil, M{"claimValidationRules": L{M{"claim": "hd"}}}),
		rule("claims.exp - claims.iat <= 86400"), rule("claims.exp - claims.iat <= 86400.0"), rule("claims.exp > 3.0"), rule("claims.exp > 3"), rule("claims.hd == 'example.com'"), rule("has(claims.hd)"), rule("claims.?bool.orValue(false) == true"),
		rule("'sub' in claims"), rule("'a.b' in claims"), rule("'a__dot__b' in claims"), rule("has(claims.n) && has(claims.n.x__dot__y)"), rule("claims.num == 5"), rule("claims.big == 9007199254740993"), rule("claims.null == null"), rule("claims.obj == {'a': 1}"),
		rule("claims.groups.size() == 2"), rule("claims.groups == ['a', 'b']"), rule("claims == claims"), rule("claims.list.exists(x, x == 'a')"), rule("[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, claims.sub != ''))))))"),
		one(nil, M{"userValidationRules": L{M{"expression": "!user.username.startsWith('system:')", "message": "reserved"}}}),
		one(nil, M{"claimMappings": M{"username": M{"claim": "sub", "prefix": ""}, "groups": M{"claim": "groups", "prefix": ""}}, "userValidationRules": L{M{"expression": "user.groups.all(group, !group.startsWith('system:'))"}}}),
		one(nil, M{"claimMappings": M{"username": M{"claim": "sub", "prefix": ""}, "uid": M{"claim": "uid"}}, "userValidationRules": L{M{"expression": "user.uid != ''"}, M{"expression": "user.username == 'jane'"}}}),
		one(nil, M{"claimMappings": M{"username": M{"claim": "sub", "prefix": ""}, "extra": L{M{"key": "example.com/a.b", "valueExpression": "claims.roles"}}}, "userValidationRules": L{M{"expression": "'r1' in user.extra['example.com/a.b']"}}}),
		one(nil, M{"userValidationRules": L{M{"expression": "has(user.extra)"}}}), one(nil, M{"userValidationRules": L{M{"expression": "has(user.groups)"}}}), one(nil, M{"userValidationRules": L{M{"expression": "user.groups.size() == 0"}}}), one(nil, M{"userValidationRules": L{M{"expression": "user.extra.size() == 0"}}}),
	}
	good := []string{}
	for _, text := range made {
		if said := judge(text).Error; said == "" {
			good = append(good, text)
		} else {
			fmt.Println(said)
		}
	}
	return good
}

func tokens(configurations []string) ([]outcome, M) {
	keys := map[string]signer{}
	jwks := jose.JSONWebKeySet{}
	add := func(id, alg string, key crypto.Signer, inSet bool, use string) {
		keys[id] = signer{id, alg, key}
		if inSet {
			jwks.Keys = append(jwks.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: alg, Use: use})
		}
	}
	rsaKey := func() crypto.Signer { key, err := rsa.GenerateKey(rand.Reader, 2048); must(err); return key }
	ecKey := func(curve elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(err)
		return key
	}
	shared := rsaKey()
	add("RS256", "RS256", shared, true, "sig")
	for _, alg := range []string{"RS384", "RS512", "PS256", "PS384", "PS512"} {
		add(alg, alg, rsaKey(), true, "sig")
	}
	add("ES256", "ES256", ecKey(elliptic.P256()), true, "sig")
	add("ES384", "ES384", ecKey(elliptic.P384()), true, "sig")
	add("ES512", "ES512", ecKey(elliptic.P521()), true, "sig")
	add("stranger", "RS256", rsaKey(), false, "sig")
	set, err := json.Marshal(jwks)
	must(err)
	documents = transport{
		issuerURL + "/.well-known/openid-configuration": `{"issuer":"` + issuerURL + `","jwks_uri":"` + issuerURL + `/keys"}`,
		issuerURL + "/keys":                             string(set),
	}
	made := []outcome{}
	authenticators := []oidc.AuthenticatorTokenWithHealthCheck{}
	for _, text := range configurations {
		authenticators = append(authenticators, open(text))
	}
	good := keys["ES256"]
	sets := claimSets()
	signed := []string{}
	for _, payload := range sets {
		signed = append(signed, good.sign(M{"kid": "ES256"}, payload))
	}
	for number, authn := range authenticators {
		for _, token := range signed {
			made = append(made, try(authn, number, token))
		}
	}
	// How tokens are signed, and forged.
	authn := authenticators[0]
	payload := sets[0]
	ids := []string{}
	for id := range keys {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		for _, header := range []M{{"kid": id}, {}, {"kid": "RS256"}, {"kid": "unknown"}, {"kid": ""}, {"kid": id, "typ": "JWT"}, {"kid": id, "crit": L{"x"}, "x": 1}} {
			made = append(made, try(authn, 0, keys[id].sign(header, payload)))
		}
	}
	parts := strings.Split(good.sign(M{"kid": "ES256"}, payload), ".")
	body := parts[1]
	other := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(payload, "jane", "root", 1)))
	for _, token := range []string{
		encoded(M{"alg": "none"}) + "." + body + ".", encoded(M{"alg": "none", "kid": "ES256"}) + "." + body + ".", encoded(M{"alg": "None"}) + "." + body + ".",
		encoded(M{"alg": "none"}) + "." + body, encoded(M{"alg": "ES256", "kid": "ES256"}) + "." + body + ".", parts[0] + "." + other + "." + parts[2], parts[0] + "." + body + "." + parts[2][:20],
		parts[0] + "." + body + "." + strings.Repeat("A", 86), parts[0] + "." + body + ".=" + parts[2], parts[0] + "." + body + "." + parts[2] + "=", "." + body + "." + parts[2], "..", "...", "a.b.c",
		encoded(M{"alg": "RS256", "kid": "ES256"}) + "." + body + "." + parts[2], encoded(M{"kid": "ES256"}) + "." + body + "." + parts[2], encoded(M{"alg": 5, "kid": "ES256"}) + "." + body + "." + parts[2],
		encoded(L{}) + "." + body + "." + parts[2], encoded(M{"alg": "EdDSA", "kid": "ES256"}) + "." + body + "." + parts[2],
		`{"payload":"` + body + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		made = append(made, try(authn, 0, token))
	}
	// The public key as a secret for HMAC: in all the forms in which it is found.
	public, err := json.Marshal(jwks.Keys[0])
	must(err)
	for _, secret := range [][]byte{public, pem(shared.Public()), bytes.TrimSpace(pem(shared.Public())), set} {
		for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			single, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: secret}, &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "RS256"}})
			must(err)
			object, err := single.Sign([]byte(payload))
			must(err)
			compact, err := object.CompactSerialize()
			must(err)
			made = append(made, try(authn, 0, compact))
		}
	}
	// With a key of their own in the header, or a place to find one.
	stranger := keys["stranger"]
	for _, header := range []M{
		{"jwk": jose.JSONWebKey{Key: stranger.key.Public(), KeyID: "RS256", Algorithm: "RS256"}, "kid": "RS256"}, {"jku": "https://evil.example.com/keys", "kid": "stranger"}, {"x5u": "https://evil.example.com/x", "kid": "RS256"},
		{"kid": "../../../../dev/null"}, {"kid": "' OR 1=1"}, {"kid": "RS256\u0000"},
	} {
		made = append(made, try(authn, 0, stranger.sign(header, payload)))
	}
	return made, M{"keys": json.RawMessage(set)}
}

func main() {
	klog.SetLogger(klog.Logger{})
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	install.Install(scheme)
	goodCA = string(authority())
	judged := configurations()
	forTokens := configurationsForTokens()
	outcomes, documents := tokens(forTokens)
	made, err := json.Marshal(M{"configurations": judged, "opened": forTokens, "tokens": all, "outcomes": outcomes, "jwks": documents["keys"]})
	must(err)
	must(os.WriteFile(os.Args[1], made, 0o644))
	fmt.Println(len(judged), "configurations", len(forTokens), "opened", len(outcomes), "tokens", len(made)/1024, "KiB")
}
