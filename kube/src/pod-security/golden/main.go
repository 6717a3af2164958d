// Pods made at random, and what Kubernetes' own library objects to in them; see README.md.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

var chance = rand.New(rand.NewSource(35))

func oneOf[T any](all ...T) T { return all[chance.Intn(len(all))] }
func seldom() bool            { return chance.Intn(5) == 0 }
func ptr[T any](value T) *T   { return &value }

func maybe[T any](make func() T) *T {
	if chance.Intn(3) > 0 {
		return nil
	}
	return ptr(make())
}

func seccomp() v1.SeccompProfile {
	return v1.SeccompProfile{Type: oneOf[v1.SeccompProfileType]("RuntimeDefault", "Localhost", "RuntimeDefault", "Unconfined", "")}
}

func appArmor() v1.AppArmorProfile {
	return v1.AppArmorProfile{Type: oneOf[v1.AppArmorProfileType]("RuntimeDefault", "Localhost", "Unconfined", "")}
}

func seLinux() v1.SELinuxOptions {
	return v1.SELinuxOptions{
		Type: oneOf("", "container_t", "container_engine_t", "spc_t", "container_init_t"), User: oneOf("", "", "root"), Role: oneOf("", "", "sysadm_r"),
	}
}

func windows() v1.WindowsSecurityContextOptions {
	return v1.WindowsSecurityContextOptions{HostProcess: maybe(func() bool { return seldom() })}
}

func handler() (handler v1.ProbeHandler) {
	if seldom() {
		handler.HTTPGet = &v1.HTTPGetAction{Host: oneOf("", "127.0.0.1", "example.com")}
	} else if seldom() {
		handler.TCPSocket = &v1.TCPSocketAction{Host: oneOf("", "10.0.0.1", "127.0.0.1")}
	} else {
		handler.Exec = &v1.ExecAction{Command: []string{"true"}}
	}
	return handler
}

func probe() v1.Probe { return v1.Probe{ProbeHandler: handler()} }

func hook() v1.LifecycleHandler {
	of := handler()
	return v1.LifecycleHandler{HTTPGet: of.HTTPGet, TCPSocket: of.TCPSocket, Exec: of.Exec}
}

func capabilities() (made v1.Capabilities) {
	if !seldom() {
		made.Drop = append(made.Drop, oneOf[v1.Capability]("ALL", "ALL", "ALL", "KILL"))
	}
	for i := chance.Intn(3); i > 0 && seldom(); i-- {
		made.Add = append(made.Add, oneOf[v1.Capability]("NET_BIND_SERVICE", "NET_RAW", "CHOWN", "SYS_ADMIN", "ALL"))
	}
	return made
}

func container(name string) v1.Container {
	made := v1.Container{Name: name, Image: "web"}
	if chance.Intn(8) > 0 {
		context := &v1.SecurityContext{
			AllowPrivilegeEscalation: ptr(seldom()), SeccompProfile: maybe(seccomp), AppArmorProfile: maybe(appArmor), SELinuxOptions: maybe(seLinux),
			RunAsNonRoot: maybe(func() bool { return !seldom() }), RunAsUser: maybe(func() int64 { return int64(chance.Intn(3)) }),
		}
		if chance.Intn(8) > 0 {
			context.Capabilities = ptr(capabilities())
		}
		if seldom() {
			context.Privileged, context.WindowsOptions = ptr(seldom()), maybe(windows)
			context.ProcMount = maybe(func() v1.ProcMountType { return oneOf[v1.ProcMountType]("Default", "Unmasked") })
		}
		made.SecurityContext = context
	}
	if seldom() {
		made.Ports = []v1.ContainerPort{{ContainerPort: 80}, {ContainerPort: 81, HostPort: oneOf[int32](0, 80, 8080, 9000)}}
	}
	if seldom() {
		made.LivenessProbe, made.ReadinessProbe, made.StartupProbe = maybe(probe), maybe(probe), maybe(probe)
		made.Lifecycle = maybe(func() v1.Lifecycle { return v1.Lifecycle{PostStart: maybe(hook), PreStop: maybe(hook)} })
	}
	return made
}

func volume(name string) v1.Volume {
	return v1.Volume{Name: name, VolumeSource: oneOf(
		v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}, v1.VolumeSource{ConfigMap: &v1.ConfigMapVolumeSource{}},
		v1.VolumeSource{Projected: &v1.ProjectedVolumeSource{}}, v1.VolumeSource{Image: &v1.ImageVolumeSource{}},
		v1.VolumeSource{HostPath: &v1.HostPathVolumeSource{Path: "/"}}, v1.VolumeSource{NFS: &v1.NFSVolumeSource{Server: "a", Path: "/"}},
		v1.VolumeSource{GitRepo: &v1.GitRepoVolumeSource{Repository: "a"}}, v1.VolumeSource{StorageOS: &v1.StorageOSVolumeSource{}},
	)}
}

func pod() *v1.Pod {
	made := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Annotations: map[string]string{}}}
	spec := &made.Spec
	for i := chance.Intn(3); i > 0 && seldom(); i-- {
		spec.InitContainers = append(spec.InitContainers, container(fmt.Sprint("first", i)))
	}
	for i := 1 + chance.Intn(2); i > 0; i-- {
		spec.Containers = append(spec.Containers, container(fmt.Sprint("main", i)))
	}
	if seldom() {
		joined := v1.EphemeralContainerCommon(container("joined"))
		spec.EphemeralContainers = []v1.EphemeralContainer{{EphemeralContainerCommon: joined}}
	}
	if chance.Intn(4) > 0 {
		spec.SecurityContext = &v1.PodSecurityContext{
			RunAsNonRoot: maybe(func() bool { return !seldom() }), RunAsUser: maybe(func() int64 { return int64(chance.Intn(3)) }),
			SeccompProfile: maybe(seccomp), AppArmorProfile: maybe(appArmor), SELinuxOptions: maybe(seLinux),
		}
		if seldom() {
			spec.SecurityContext.WindowsOptions = maybe(windows)
			for i := chance.Intn(3); i > 0; i-- {
				name := oneOf("net.ipv4.tcp_rmem", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_fin_timeout", "kernel.msgmax", "net.ipv4.tcp_syncookies")
				spec.SecurityContext.Sysctls = append(spec.SecurityContext.Sysctls, v1.Sysctl{Name: name, Value: "1"})
			}
		}
	}
	if seldom() {
		spec.HostNetwork, spec.HostPID, spec.HostIPC, spec.HostUsers = seldom(), seldom(), seldom(), maybe(seldom)
		spec.OS = maybe(func() v1.PodOS { return v1.PodOS{Name: oneOf(v1.Windows, v1.Linux)} })
	}
	for i := chance.Intn(3); i > 0 && seldom(); i-- {
		spec.Volumes = append(spec.Volumes, volume(fmt.Sprint("data", i)))
	}
	for i := chance.Intn(3); i > 0 && seldom(); i-- {
		key := oneOf(
			"container.apparmor.security.beta.kubernetes.io/main1", "container.apparmor.security.beta.kubernetes.io/main2",
			"seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/main1",
		)
		made.Annotations[key] = oneOf("", "runtime/default", "docker/default", "unconfined", "localhost/mine")
	}
	return made
}

type verdict struct {
	Level   api.Level `json:"level"`
	Version string    `json:"version"`
	Detail  string    `json:"detail,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

type round struct {
	Pod      *v1.Pod   `json:"pod"`
	Verdicts []verdict `json:"verdicts"`
}

type labels struct {
	Labels map[string]string `json:"labels"`
	Policy map[string]string `json:"policy"`
	Bad    []string          `json:"bad,omitempty"`
}

func policies() (made []labels) {
	for i := 0; i < 600; i++ {
		one := labels{Labels: map[string]string{}}
		for _, mode := range []string{"enforce", "audit", "warn"} {
			if chance.Intn(2) > 0 {
				one.Labels["pod-security.kubernetes.io/"+mode] = oneOf("privileged", "baseline", "restricted", "baseline", "restricted", "strict", "")
			}
			if chance.Intn(2) > 0 {
				one.Labels["pod-security.kubernetes.io/"+mode+"-version"] = oneOf("latest", "v1.30", "v1.0", "v1.99", "v1.35", "v2.1", "1.30", "v1.030", "")
			}
		}
		nothing := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
		found, bad := api.PolicyToEvaluate(one.Labels, api.Policy{Enforce: nothing, Audit: nothing, Warn: nothing})
		one.Policy = map[string]string{"enforce": found.Enforce.String(), "audit": found.Audit.String(), "warn": found.Warn.String()}
		for _, err := range bad {
			one.Bad = append(one.Bad, err.Error())
		}
		made = append(made, one)
	}
	return made
}

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	judge := func(pod *v1.Pod, levels []api.Level, versions ...string) round {
		made := round{Pod: pod}
		for _, level := range levels {
			for _, version := range versions {
				parsed, err := api.ParseVersion(version)
				if err != nil {
					panic(err)
				}
				found := policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: parsed}, &pod.ObjectMeta, &pod.Spec))
				made.Verdicts = append(made.Verdicts, verdict{Level: level, Version: version, Detail: found.ForbiddenDetail(), Reason: found.ForbiddenReason()})
			}
		}
		return made
	}
	both := []api.Level{api.LevelBaseline, api.LevelRestricted}
	var rounds []round
	for i := 0; i < 2500; i++ {
		old := oneOf("v1.0", "v1.7", "v1.8", "v1.18", "v1.19", "v1.22", "v1.23", "v1.25", "v1.27", "v1.29", "v1.31", "v1.32", "v1.34", "v1.36")
		rounds = append(rounds, judge(pod(), both, old, "latest"))
	}
	// The pods that Kubernetes itself tests each control with: TESTDATA/LEVEL/VERSION/{pass,fail}/NAME.yaml.
	files, err := filepath.Glob(os.Args[2] + "/*/*/*/*.yaml")
	if err != nil || len(files) == 0 {
		panic("no pods of the library's own")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		var found v1.Pod
		if err := yaml.UnmarshalStrict(text, &found); err != nil {
			panic(err)
		}
		directory := filepath.Dir(filepath.Dir(file))
		rounds = append(rounds, judge(&found, []api.Level{api.Level(filepath.Base(filepath.Dir(directory)))}, filepath.Base(directory)))
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	packed := gzip.NewWriter(out)
	if err := json.NewEncoder(packed).Encode(map[string]any{"rounds": rounds, "policies": policies()}); err != nil {
		panic(err)
	}
	if err := packed.Close(); err != nil {
		panic(err)
	}
}
