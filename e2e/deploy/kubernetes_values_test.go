package deploy

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsinstall "k8s.io/kubernetes/pkg/apis/apps/v1"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	autoscalinginstall "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	coreinstall "k8s.io/kubernetes/pkg/apis/core/v1"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	networkinginstall "k8s.io/kubernetes/pkg/apis/networking/v1"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	policyinstall "k8s.io/kubernetes/pkg/apis/policy/v1"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
)

// kubernetesScheme knows the manifests' types, their defaults and their conversions, as
// Kubernetes' API server does.
func kubernetesScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsinstall.AddToScheme, autoscalinginstall.AddToScheme, coreinstall.AddToScheme, networkinginstall.AddToScheme, policyinstall.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

// object is a manifest.
type object interface {
	runtime.Object
	SetNamespace(string)
}

// refusals is what Kubernetes' API server has against each manifest, by kind: it is given
// its defaults and checked by the validation of the server itself. What admission
// plugins and the cluster's own policies have against it is not there.
func (m *manifests) refusals(t *testing.T) map[string]field.ErrorList {
	t.Helper()
	scheme := kubernetesScheme(t)
	found := map[string]field.ErrorList{}
	options := map[string]bool{"HPAScaleToZero": false} // a feature that a cluster may have switched on
	check := func(kind string, given object, internal runtime.Object, validate func() field.ErrorList) {
		given = given.DeepCopyObject().(object)
		given.SetNamespace("default") // that of whoever applies it
		scheme.Default(given)
		if err := scheme.Convert(given, internal, nil); err != nil {
			t.Fatal(err)
		}
		found[kind] = slices.Concat(validate(), scheme.Validate(t.Context(), options, given))
	}
	var (
		deployment apps.Deployment
		service    core.Service
		budget     policy.PodDisruptionBudget
		autoscaler autoscaling.HorizontalPodAutoscaler
		ingress    networking.Ingress
		network    networking.NetworkPolicy
	)
	check("Deployment", &m.deployment, &deployment, func() field.ErrorList {
		return appsvalidation.ValidateDeployment(&deployment, pod.GetValidationOptionsFromPodTemplate(&deployment.Spec.Template, nil))
	})
	check("Service", &m.service, &service, func() field.ErrorList { return corevalidation.ValidateServiceCreate(&service) })
	check("PodDisruptionBudget", &m.budget, &budget, func() field.ErrorList {
		return policyvalidation.ValidatePodDisruptionBudget(&budget, policyvalidation.PodDisruptionBudgetValidationOptions{})
	})
	check("HorizontalPodAutoscaler", &m.autoscaler, &autoscaler, func() field.ErrorList {
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(&autoscaler, autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1})
	})
	check("Ingress", &m.ingress, &ingress, func() field.ErrorList { return networkingvalidation.ValidateIngressCreate(&ingress) })
	check("NetworkPolicy", &m.policy, &network, func() field.ErrorList {
		return networkingvalidation.ValidateNetworkPolicy(&network, networkingvalidation.ValidationOptionsForNetworking(&network, nil))
	})
	return found
}

// Kubernetes takes each of them.
func TestKubernetesTakesTheManifests(t *testing.T) {
	for kind, refused := range readManifests(t).refusals(t) {
		if len(refused) > 0 {
			t.Errorf("%s: %v", kind, refused.ToAggregate())
		}
	}
}

// The check is worth something: it refuses a value that decodes well, and is none that
// Kubernetes knows.
func TestKubernetesRefusesWrongValues(t *testing.T) {
	for _, test := range []struct {
		kind, want string
		change     func(*manifests)
	}{
		{"Deployment", "spec.strategy", func(m *manifests) { m.deployment.Spec.Strategy.Type = "Rolling" }},
		{"Deployment", "whenUnsatisfiable", func(m *manifests) {
			m.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].WhenUnsatisfiable = "Perhaps"
		}},
		{"Deployment", "seccompProfile.type", func(m *manifests) { m.deployment.Spec.Template.Spec.SecurityContext.SeccompProfile.Type = "Default" }},
		{"Deployment", "containers[0].env[0].valueFrom", func(m *manifests) { m.deployment.Spec.Template.Spec.Containers[0].Env[0].Value = "and a value" }},
		{"Deployment", "lifecycle.preStop.sleep", func(m *manifests) {
			m.deployment.Spec.Template.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds = 50 // of 40
		}},
		{"Service", "ports[0].protocol", func(m *manifests) { m.service.Spec.Ports[0].Protocol = corev1.Protocol("HTTP") }},
		{"PodDisruptionBudget", "unhealthyPodEvictionPolicy", func(m *manifests) { *m.budget.Spec.UnhealthyPodEvictionPolicy = "Always" }},
		{"HorizontalPodAutoscaler", "metrics[0].resource.target.type", func(m *manifests) { m.autoscaler.Spec.Metrics[0].Resource.Target.Type = "Percent" }},
		{"HorizontalPodAutoscaler", "maxReplicas", func(m *manifests) { m.autoscaler.Spec.MaxReplicas = 2 }},
		{"Ingress", "pathType", func(m *manifests) {
			wrong := networkingv1.PathType("Begins")
			m.ingress.Spec.Rules[0].HTTP.Paths[0].PathType = &wrong
		}},
		{"NetworkPolicy", "policyTypes[0]", func(m *manifests) { m.policy.Spec.PolicyTypes[0] = "Inwards" }},
	} {
		m := readManifests(t)
		test.change(m)
		said := ""
		if refused := m.refusals(t)[test.kind]; len(refused) > 0 {
			said = refused.ToAggregate().Error()
		}
		if !strings.Contains(said, test.want) {
			t.Errorf("of a %s with a wrong %s Kubernetes says %q", test.kind, test.want, said)
		}
	}
}
