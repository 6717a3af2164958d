package operator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The operator's webhooks: where they listen, and their registrations.
type hooks struct {
	port        int
	certificate tls.Certificate
	remove      func(t *testing.T)
}

func startHooks(t *testing.T, direct client.Client, space string) *hooks {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	must(t, listener.Close())
	certificate, authority := certify(t)
	at := func(path string) admissionv1.WebhookClientConfig {
		return admissionv1.WebhookClientConfig{URL: ptr.To(fmt.Sprintf("https://127.0.0.1:%d%s", port, path)), CABundle: authority}
	}
	rules := func(operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{Operations: operations, Rule: admissionv1.Rule{
			APIGroups: []string{groupVersion.Group}, APIVersions: []string{groupVersion.Version}, Resources: []string{"sites"},
		}}}
	}
	scope := &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": space}}
	none := admissionv1.SideEffectClassNone
	mutating := &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: space},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "default.sites.example.test", ClientConfig: at("/mutate-example-test-v1-site"), SideEffects: &none,
			AdmissionReviewVersions: []string{"v1"}, NamespaceSelector: scope, Rules: rules("CREATE", "UPDATE"),
		}},
	}
	validating := &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: space},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "validate.sites.example.test", ClientConfig: at("/validate-example-test-v1-site"), SideEffects: &none,
			AdmissionReviewVersions: []string{"v1"}, NamespaceSelector: scope, Rules: rules("CREATE", "UPDATE", "DELETE"),
		}},
	}
	must(t, direct.Create(t.Context(), mutating))
	must(t, direct.Create(t.Context(), validating))
	remove := func(ctx context.Context) error {
		if err := direct.Delete(ctx, mutating); client.IgnoreNotFound(err) != nil {
			return err
		}
		return client.IgnoreNotFound(direct.Delete(ctx, validating))
	}
	t.Cleanup(func() { _ = remove(context.Background()) })
	return &hooks{port: port, certificate: certificate, remove: func(t *testing.T) { must(t, remove(t.Context())) }}
}

// A certificate for the loopback address, signed by itself.
func certify(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
