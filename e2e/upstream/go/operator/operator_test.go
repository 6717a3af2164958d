// Package operator judges a cluster with an operator as they are commonly written with controller-runtime: a resource of
// its own with a finalizer, a status and owned objects, leader election, defaulting and validating webhooks.
//
// KUBECONFIG names the cluster. The webhooks listen on the loopback address, so the API server must run on this machine.
package operator

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const finalizer = "example.test/site"

type reconciler struct{ client.Client }

// Keeps a Deployment and a ConfigMap per Site, says in the status how far they are, and cleans up by a finalizer.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	site := &Site{}
	if err := r.Get(ctx, request.NamespacedName, site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !site.DeletionTimestamp.IsZero() {
		note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name + "-was"}}
		if err := r.Create(ctx, note); err != nil && !apierrors.IsAlreadyExists(err) {
			return ctrl.Result{}, err
		}
		if controllerutil.RemoveFinalizer(site, finalizer) {
			return ctrl.Result{}, r.Update(ctx, site)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(site, finalizer) {
		if err := r.Update(ctx, site); err != nil {
			return ctrl.Result{}, err
		}
	}
	page := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
	if _, err := controllerutil.CreateOrUpdate(ctx, r.Client, page, func() error {
		page.Data = map[string]string{"title": site.Spec.Title}
		return controllerutil.SetControllerReference(site, page, r.Scheme())
	}); err != nil {
		return ctrl.Result{}, err
	}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
	if _, err := controllerutil.CreateOrPatch(ctx, r.Client, deployment, func() error {
		labels := map[string]string{"site": site.Name}
		deployment.Spec.Replicas = site.Spec.Replicas
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
		deployment.Spec.Template.Labels = labels
		if len(deployment.Spec.Template.Spec.Containers) == 0 {
			deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web"}}
		}
		deployment.Spec.Template.Spec.Containers[0].Image = "localhost/site:1"
		return controllerutil.SetControllerReference(site, deployment, r.Scheme())
	}); err != nil {
		return ctrl.Result{}, err
	}
	before := site.DeepCopy()
	site.Status.ObservedGeneration = site.Generation
	site.Status.ReadyReplicas = deployment.Status.ReadyReplicas
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "Starting", ObservedGeneration: site.Generation}
	if deployment.Status.ReadyReplicas == *site.Spec.Replicas && deployment.Status.ObservedGeneration == deployment.Generation {
		ready.Status, ready.Reason = metav1.ConditionTrue, "Started"
	}
	meta.SetStatusCondition(&site.Status.Conditions, ready)
	return ctrl.Result{}, r.Status().Patch(ctx, site, client.MergeFrom(before))
}

type defaulter struct{}

func (defaulter) Default(_ context.Context, site *Site) error {
	if site.Spec.Title == "" {
		site.Spec.Title = "Site " + site.Name
	}
	return nil
}

type validator struct{}

func (validator) ValidateCreate(_ context.Context, site *Site) (warnings admission.Warnings, err error) {
	if strings.Contains(site.Spec.Title, "forbidden") {
		return nil, fmt.Errorf("that title is not allowed")
	}
	return admission.Warnings{"sites are watched"}, nil
}

func (v validator) ValidateUpdate(ctx context.Context, _, site *Site) (admission.Warnings, error) {
	return v.ValidateCreate(ctx, site)
}

func (validator) ValidateDelete(_ context.Context, site *Site) (admission.Warnings, error) {
	if site.Annotations["keep"] == "true" {
		return nil, fmt.Errorf("it is to be kept")
	}
	return nil, nil
}

type process struct {
	stop   context.CancelFunc
	ended  chan error
	leader <-chan struct{}
}

func startOperator(t *testing.T, kubeconfig *rest.Config, name, space string, hooks *hooks) *process {
	t.Helper()
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, addToScheme(scheme))
	skip := true
	wait := time.Duration(0)
	lease, renew, retry := 4*time.Second, 3*time.Second, 500*time.Millisecond
	options := manager.Options{
		Scheme:                        scheme,
		Metrics:                       server.Options{BindAddress: "0"},
		LeaderElection:                true,
		LeaderElectionID:              "sites.example.test",
		LeaderElectionNamespace:       space,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease,
		RenewDeadline:                 &renew,
		RetryPeriod:                   &retry,
		GracefulShutdownTimeout:       &wait,
		Cache:                         cache.Options{DefaultNamespaces: map[string]cache.Config{space: {}}},
		Controller:                    config.Controller{SkipNameValidation: &skip},
	}
	if hooks != nil {
		options.WebhookServer = webhook.NewServer(webhook.Options{
			Host: "127.0.0.1", Port: hooks.port,
			TLSOpts: []func(*tls.Config){func(c *tls.Config) {
				c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &hooks.certificate, nil }
			}},
		})
	}
	it, err := ctrl.NewManager(kubeconfig, options)
	must(t, err)
	must(t, ctrl.NewControllerManagedBy(it).Named("sites-"+name).For(&Site{}).
		Owns(&appsv1.Deployment{}).Owns(&corev1.ConfigMap{}).Complete(&reconciler{it.GetClient()}))
	if hooks != nil {
		must(t, ctrl.NewWebhookManagedBy(it, &Site{}).WithDefaulter(defaulter{}).WithValidator(validator{}).Complete())
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop: stop, ended: make(chan error, 1), leader: it.Elected()}
	go func() { p.ended <- it.Start(ctx) }()
	t.Cleanup(stop)
	return p
}

func TestOperator(t *testing.T) {
	log.SetLogger(zap.New(zap.UseDevMode(true), zap.WriteTo(os.Stderr)))
	ctx := t.Context()
	kubeconfig, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(t, err)
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, addToScheme(scheme))
	// A client without a cache, as kubectl: it sees what the server holds.
	direct, err := client.New(kubeconfig, client.Options{Scheme: scheme})
	must(t, err)

	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "operator-"}}
	must(t, direct.Create(ctx, space))
	definition := siteDefinition()
	must(t, direct.Create(ctx, definition))
	t.Cleanup(func() {
		_ = direct.Delete(context.Background(), space)
		_ = direct.Delete(context.Background(), definition)
	})
	until(t, "the resource to be served", func() bool {
		return direct.List(ctx, &SiteList{}) == nil
	})
	hooks := startHooks(t, direct, space.Name)
	first := startOperator(t, kubeconfig, "first", space.Name, hooks)
	select {
	case <-first.leader:
	case err := <-first.ended:
		t.Fatalf("the operator ended: %v", err)
	}
	second := startOperator(t, kubeconfig, "second", space.Name, nil)
	until(t, "the webhooks to listen", func() bool {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", hooks.port))
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})

	t.Run("schema defaults and webhook defaults", func(t *testing.T) {
		site := newSite(space.Name, "one")
		must(t, direct.Create(ctx, site))
		if site.Spec.Replicas == nil || *site.Spec.Replicas != 1 {
			t.Errorf("the schema's default is missing: %v", site.Spec)
		}
		if site.Spec.Title != "Site one" {
			t.Errorf("the webhook's default is missing: %v", site.Spec)
		}
		if site.Generation != 1 {
			t.Errorf("generation %d", site.Generation)
		}
	})
	t.Run("schema refuses", func(t *testing.T) {
		site := newSite(space.Name, "bad")
		replicas := int32(-1)
		site.Spec.Replicas = &replicas
		err := direct.Create(ctx, site)
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "should be greater than or equal to 0") {
			t.Errorf("%v", err)
		}
	})
	t.Run("webhook refuses", func(t *testing.T) {
		site := newSite(space.Name, "bad")
		site.Spec.Title = "a forbidden thing"
		err := direct.Create(ctx, site)
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "that title is not allowed") {
			t.Errorf("%v", err)
		}
	})
	t.Run("reconciles, with status and owners", func(t *testing.T) {
		site := &Site{}
		until(t, "the site to be ready", func() bool {
			must(t, direct.Get(ctx, key(space.Name, "one"), site))
			return meta.IsStatusConditionTrue(site.Status.Conditions, "Ready")
		})
		if site.Generation != 1 {
			t.Errorf("a status changed the generation: %d", site.Generation)
		}
		deployment := &appsv1.Deployment{}
		must(t, direct.Get(ctx, key(space.Name, "one"), deployment))
		if owner := metav1.GetControllerOf(deployment); owner == nil || owner.UID != site.UID {
			t.Errorf("owner %v", owner)
		}
	})
	t.Run("scales by the scale subresource", func(t *testing.T) {
		site := newSite(space.Name, "one")
		must(t, direct.SubResource("scale").Patch(ctx, site, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":3}}`))))
		until(t, "three replicas", func() bool {
			must(t, direct.Get(ctx, key(space.Name, "one"), site))
			return site.Status.ReadyReplicas == 3 && site.Status.ObservedGeneration == 2 && site.Generation == 2
		})
	})
	t.Run("status stays out of the main resource", func(t *testing.T) {
		site := &Site{}
		must(t, direct.Get(ctx, key(space.Name, "one"), site))
		site.Status.ReadyReplicas = 77
		if err := direct.Update(ctx, site); err != nil && !apierrors.IsConflict(err) {
			t.Fatal(err)
		}
		must(t, direct.Get(ctx, key(space.Name, "one"), site))
		if site.Status.ReadyReplicas == 77 {
			t.Error("an update wrote the status")
		}
	})
	t.Run("the other takes the lead over", func(t *testing.T) {
		select {
		case <-second.leader:
			t.Fatal("two lead at once")
		default:
		}
		// Its webhooks go with it.
		hooks.remove(t)
		first.stop()
		<-first.ended
		select {
		case <-second.leader:
		case <-time.After(time.Minute):
			t.Fatal("nobody leads")
		}
		site := newSite(space.Name, "two")
		site.Spec.Title = "second"
		must(t, direct.Create(ctx, site))
		until(t, "the second to reconcile", func() bool {
			must(t, direct.Get(ctx, key(space.Name, "two"), site))
			return meta.IsStatusConditionTrue(site.Status.Conditions, "Ready")
		})
	})
	t.Run("finalizer first, then what it owns", func(t *testing.T) {
		must(t, direct.Delete(ctx, newSite(space.Name, "one")))
		until(t, "the site to be gone", func() bool {
			return apierrors.IsNotFound(direct.Get(ctx, key(space.Name, "one"), &Site{}))
		})
		must(t, direct.Get(ctx, key(space.Name, "one-was"), &corev1.ConfigMap{}))
		until(t, "what it owned to be gone", func() bool {
			return apierrors.IsNotFound(direct.Get(ctx, key(space.Name, "one"), &appsv1.Deployment{})) &&
				apierrors.IsNotFound(direct.Get(ctx, key(space.Name, "one"), &corev1.ConfigMap{}))
		})
	})
	t.Run("the definition's end ends its objects", func(t *testing.T) {
		must(t, direct.Delete(ctx, definition))
		until(t, "the resource to be gone", func() bool {
			return apierrors.IsNotFound(direct.Get(ctx, client.ObjectKeyFromObject(definition), siteDefinition()))
		})
		must(t, direct.Get(ctx, key(space.Name, "two-was"), &corev1.ConfigMap{}))
	})
}

func key(namespace, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Waits for a condition; the limit only ends a test that would never end.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting for: %s", what)
		}
	}
}
