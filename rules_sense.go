package centrirpc

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/contract"
)

// senseless are the rules of a field's tag that no value can keep, or that judge
// nothing: the validator runs them without a word.
func (p *prober) senseless(within reflect.Type, field reflect.StructField, path string) (problems contract.Problems) {
	tag := field.Tag.Get("validate")
	if p.router.ownValidator || tag == "-" || !isSent(field) {
		return nil // the application's validator may make other values of the type's
	}
	for _, place := range ruledPlaces(path, field.Type, strings.Split(tag, ",")) {
		for _, f := range p.senselessAt(within, place) {
			problems = append(problems, contract.Problem{
				Path: place.path, Type: goType(place.typ), Reason: fmt.Sprintf("the validate tag %q is wrong: %s", tag, f.reason), Fix: f.fix,
			})
		}
	}
	return problems
}

// nonsense is a rule that cannot be kept.
type nonsense struct{ reason, fix string }

func (p *prober) senselessAt(within reflect.Type, place ruledPlace) (found []nonsense) {
	value := valueType(place.typ)
	if holdsAny(value) || value == typeRawMessage || unionOf(value) != nil ||
		value.Implements(typeValuer) || reflect.PointerTo(value).Implements(typeValuer) {
		return nil
	}
	bounds := boundsOf(value)
	for _, rule := range place.rules {
		either := strings.Split(rule, "|")
		for _, one := range either {
			name, param, _ := strings.Cut(one, "=")
			if _, own := p.router.messages[name]; own || !isBuiltIn(name) {
				continue
			}
			param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(param)
			if f := p.wrongKind(value, name); f != nil {
				found = append(found, *f)
				continue
			}
			if f := wrongParam(value, name, param); f != nil {
				found = append(found, *f)
				continue
			}
			if namesFields(name) {
				found = append(found, p.missingFields(within, one)...)
			}
			if len(either) == 1 {
				bounds.narrow(name, param)
			}
		}
	}
	if f := bounds.fault(); f != nil {
		found = append(found, *f)
	}
	return found
}

// wrongKind is a rule for text on what is none: the validator judges how Go prints
// the type then.
func (p *prober) wrongKind(value reflect.Type, rule string) *nonsense {
	if !textual[rule] || value.Kind() == reflect.String || value.Implements(typeStringer) || reflect.PointerTo(value).Implements(typeStringer) {
		return nil
	}
	number := boundsOf(value).number
	switch {
	case rule == "boolean" && value.Kind() == reflect.Bool, (rule == "numeric" || rule == "number") && number:
		return nil
	}
	f := &nonsense{fmt.Sprintf("the rule %q is for text, and the type is %s", rule, goType(value)), "remove the rule, or make the field a string"}
	switch value.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		f.fix = fmt.Sprintf("write \"dive,%s\" for a rule of each element, or remove it", rule)
	}
	return f
}

// textual are the validator's rules that judge text and run on everything.
var textual = words("alpha alphaspace alphanum alphanumspace alphaunicode alphanumunicode boolean numeric number " +
	"hexadecimal hexcolor rgb rgba hsl hsla cmyk iscolor e164 email base32 base64 base64url base64rawurl " +
	"contains containsany containsrune excludes excludesall excludesrune startswith endswith startsnotwith endsnotwith " +
	"isbn isbn10 isbn13 issn eth_addr eth_addr_checksum btc_addr btc_addr_bech32 " +
	"uuid uuid3 uuid4 uuid5 uuid7 uuid_rfc4122 uuid3_rfc4122 uuid4_rfc4122 uuid5_rfc4122 ulid " +
	"md4 md5 sha256 sha384 sha512 ripemd128 ripemd160 tiger128 tiger160 tiger192 ascii printascii multibyte datauri ssn " +
	"ipv4 ipv6 ip cidrv4 cidrv6 cidr tcp4_addr tcp6_addr tcp_addr udp4_addr udp6_addr udp_addr ip4_addr ip6_addr ip_addr unix_addr " +
	"mac hostname hostname_rfc1123 hostname_label hostname_port fqdn html html_encoded url_encoded jwt " +
	"iso3166_1_alpha2 iso3166_1_alpha2_eu iso3166_1_alpha3 iso3166_1_alpha3_eu iso3166_2 iso4217 " +
	"postcode_iso3166_alpha2 bic bic_iso_9362_2014 semver dns_rfc1035_label credit_card cve cron spicedb ein " +
	"mongodb mongodb_connection_string")

// wrongParam is a rule's parameter that does not fit the type.
func wrongParam(value reflect.Type, name, param string) *nonsense {
	switch name {
	case "oneof", "oneofci", "noneof", "noneofci":
		listed := paramWords(param)
		if len(listed) == 0 {
			return &nonsense{name + " lists no values", "list them, separated by spaces: \"" + name + "=a b\""}
		}
		for _, word := range listed {
			if boundsOf(value).number && wholeNumber(value, strings.Trim(word, "'")) != nil {
				return &nonsense{fmt.Sprintf("%s lists %q, which is no value of the type %s", name, word, goType(value)), "list whole numbers of the type, separated by spaces"}
			}
		}
		return nil
	}
	if !sizing[name] {
		return nil
	}
	text := name == "eq" || name == "ne"
	switch value.Kind() {
	case reflect.String:
		if text {
			return nil
		}
	case reflect.Slice, reflect.Map, reflect.Array, reflect.Float32, reflect.Float64:
	default:
		if !boundsOf(value).number {
			return nil
		}
	}
	if value.Kind() == reflect.Float32 || value.Kind() == reflect.Float64 {
		if _, err := strconv.ParseFloat(param, value.Bits()); err != nil {
			return &nonsense{fmt.Sprintf("%s needs a number, and has %q", name, param), "write one, such as \"" + name + "=0.5\""}
		}
		return nil
	}
	if wholeNumber(value, param) != nil {
		if value == reflect.TypeFor[time.Duration]() {
			return &nonsense{fmt.Sprintf("%s needs a duration, and has %q", name, param), "write one, such as \"" + name + "=1h30m\""}
		}
		return &nonsense{fmt.Sprintf("%s needs a whole number, and has %q", name, param), "write one, such as \"" + name + "=1\""}
	}
	return nil
}

// wholeNumber says why a parameter is no whole number as the validator reads one for
// the type.
func wholeNumber(value reflect.Type, param string) error {
	if value == reflect.TypeFor[time.Duration]() {
		if _, err := time.ParseDuration(param); err == nil {
			return nil
		}
	}
	var err error
	switch value.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(param, 0, 64)
	case reflect.Float32, reflect.Float64:
		_, err = strconv.ParseFloat(param, value.Bits())
	default:
		_, err = strconv.ParseInt(param, 0, 64)
	}
	return err
}

// missingFields are those that a rule names and the struct does not have. Rules
// between structs name fields as seen from the params.
func (p *prober) missingFields(within reflect.Type, rule string) (found []nonsense) {
	name, param, _ := strings.Cut(rule, "=")
	from := within
	if strings.HasSuffix(name, "csfield") {
		from = p.params
	}
	for i, word := range paramWords(param) {
		if comparesPairs(name) && i%2 == 1 {
			continue
		}
		if typ, through := fieldAlong(from, word); typ != nil || through != "" {
			continue
		}
		fix := "name another field of it as Go does"
		if close := fieldLike(from, word); close != "" {
			fix = "write " + close + ", its name in Go"
		}
		found = append(found, nonsense{fmt.Sprintf("the rule %q names the field %s, which %s does not have", rule, word, goType(from)), fix})
	}
	return found
}

// fieldLike is the field that has the name in JSON, or in another case.
func fieldLike(t reflect.Type, name string) string {
	t = valueType(t)
	if t.Kind() != reflect.Struct {
		return ""
	}
	for _, f := range reflect.VisibleFields(t) {
		if strings.EqualFold(f.Name, name) || jsonNameOf(f) == name {
			return f.Name
		}
	}
	return ""
}
