package realworld

import (
	"reflect"
	"slices"

	"github.com/google/go-github/v68/github"
	"github.com/slack-go/slack"
	"github.com/stripe/stripe-go/v81"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/centrirpc/centrirpc/contract"
)

// library is where types come from.
type library struct {
	name  string
	types []reflect.Type
	// declared are its types that write their JSON themselves, and what that JSON
	// is: what an application says of them, as the refusals tell it to.
	declared map[reflect.Type]contract.Type
	// least is how many of the types must convert, as they are and once those
	// are declared: a little less than do, for new versions of the library.
	least, leastDeclared int
}

var (
	moment = contract.Type{Kind: contract.String, Format: contract.DateTime, Nullable: true} // zero is written as null
	text   = contract.Type{Kind: contract.String}
)

func libraries() []library {
	return []library{
		{"k8s", kubernetesTypes(), map[reflect.Type]contract.Type{
			reflect.TypeFor[metav1.Time]():          moment,
			reflect.TypeFor[metav1.MicroTime]():     moment,
			reflect.TypeFor[metav1.Duration]():      text,
			reflect.TypeFor[metav1.FieldsV1]():      {Kind: contract.Any},
			reflect.TypeFor[resource.Quantity]():    text,
			reflect.TypeFor[intstr.IntOrString]():   {Kind: contract.Union, Items: []contract.Type{{Kind: contract.Integer, Bits: 32}, text}},
			reflect.TypeFor[runtime.RawExtension](): {Kind: contract.Any},
		}, 10, 80},
		{"github", githubTypes(), map[reflect.Type]contract.Type{
			reflect.TypeFor[github.Timestamp](): {Kind: contract.String, Format: contract.DateTime},
		}, 2, 65},
		{"stripe", stripeTypes, nil, 4, 4},
		{"slack", slackTypes, map[reflect.Type]contract.Type{
			reflect.TypeFor[slack.JSONTime](): {Kind: contract.Integer, Bits: 64},
		}, 4, 7},
	}
}

// kubernetesTypes are all kinds of the everyday groups: what kubectl knows, with
// their lists and options.
func kubernetesTypes() []reflect.Type {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, rbacv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	var types []reflect.Type
	for _, t := range scheme.AllKnownTypes() {
		types = append(types, t)
	}
	return sorted(types)
}

// githubTypes are the payloads of all webhooks, which hold most of the API's
// objects, and some of the answers.
func githubTypes() []reflect.Type {
	types := []reflect.Type{
		reflect.TypeFor[github.IssuesSearchResult](), reflect.TypeFor[github.RepositoryContent](), reflect.TypeFor[github.NewPullRequest](),
		reflect.TypeFor[github.IssueRequest](), reflect.TypeFor[github.RateLimits](), reflect.TypeFor[github.Gist](),
		reflect.TypeFor[github.Tree](), reflect.TypeFor[github.Protection](), reflect.TypeFor[github.Notification](), reflect.TypeFor[github.RepositoryRelease](),
	}
	for _, name := range github.MessageTypes() {
		types = append(types, reflect.TypeOf(github.EventForType(name)).Elem())
	}
	return sorted(types)
}

func sorted(types []reflect.Type) []reflect.Type {
	slices.SortFunc(types, func(a, b reflect.Type) int {
		if a.String()+a.PkgPath() < b.String()+b.PkgPath() {
			return -1
		}
		return 1
	})
	return slices.Compact(types)
}

var stripeTypes = []reflect.Type{
	reflect.TypeFor[stripe.Account](), reflect.TypeFor[stripe.Address](), reflect.TypeFor[stripe.AddressParams](), reflect.TypeFor[stripe.Balance](),
	reflect.TypeFor[stripe.BankAccount](), reflect.TypeFor[stripe.Card](), reflect.TypeFor[stripe.Charge](), reflect.TypeFor[stripe.ChargeParams](),
	reflect.TypeFor[stripe.CheckoutSession](), reflect.TypeFor[stripe.Coupon](), reflect.TypeFor[stripe.Customer](), reflect.TypeFor[stripe.CustomerParams](),
	reflect.TypeFor[stripe.CustomerList](), reflect.TypeFor[stripe.Dispute](), reflect.TypeFor[stripe.Error](), reflect.TypeFor[stripe.Event](),
	reflect.TypeFor[stripe.EventData](), reflect.TypeFor[stripe.Invoice](), reflect.TypeFor[stripe.ListMeta](), reflect.TypeFor[stripe.PaymentIntent](),
	reflect.TypeFor[stripe.PaymentIntentParams](), reflect.TypeFor[stripe.PaymentMethod](), reflect.TypeFor[stripe.Payout](), reflect.TypeFor[stripe.Plan](),
	reflect.TypeFor[stripe.Price](), reflect.TypeFor[stripe.Product](), reflect.TypeFor[stripe.Quote](), reflect.TypeFor[stripe.Refund](),
	reflect.TypeFor[stripe.SetupIntent](), reflect.TypeFor[stripe.ShippingDetails](), reflect.TypeFor[stripe.Subscription](), reflect.TypeFor[stripe.TaxRate](),
	reflect.TypeFor[stripe.Token](), reflect.TypeFor[stripe.Transfer](), reflect.TypeFor[stripe.AccountRequirements](), reflect.TypeFor[stripe.ChargeOutcome](),
}

var slackTypes = []reflect.Type{
	reflect.TypeFor[slack.Attachment](), reflect.TypeFor[slack.BillingActive](), reflect.TypeFor[slack.Bot](), reflect.TypeFor[slack.Channel](),
	reflect.TypeFor[slack.Conversation](), reflect.TypeFor[slack.File](), reflect.TypeFor[slack.GetConversationHistoryResponse](), reflect.TypeFor[slack.InteractionCallback](),
	reflect.TypeFor[slack.ItemReaction](), reflect.TypeFor[slack.Login](), reflect.TypeFor[slack.Message](), reflect.TypeFor[slack.Msg](), reflect.TypeFor[slack.ModalViewRequest](),
	reflect.TypeFor[slack.ReactedItem](), reflect.TypeFor[slack.ScheduledMessage](), reflect.TypeFor[slack.SlashCommand](), reflect.TypeFor[slack.TeamInfo](),
	reflect.TypeFor[slack.TeamProfile](), reflect.TypeFor[slack.User](), reflect.TypeFor[slack.UserGroup](), reflect.TypeFor[slack.UserPresence](), reflect.TypeFor[slack.UserProfile](),
}
