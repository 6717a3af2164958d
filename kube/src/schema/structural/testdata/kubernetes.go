// Emits what Kubernetes itself answers for a corpus of custom resource definitions and objects.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/crdserverscheme"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
)

type objectCase struct {
	Name        string                 `json:"name"`
	Object      map[string]interface{} `json:"object"`
	Old         map[string]interface{} `json:"old,omitempty"`
	Subresource string                 `json:"subresource,omitempty"`
}
type crdCase struct {
	Name       string                 `json:"name"`
	Definition map[string]interface{} `json:"definition"`
	OldDefinition map[string]interface{} `json:"old,omitempty"`
	Objects    []objectCase           `json:"objects,omitempty"`
}
type cause struct {
	Reason  string `json:"reason"`
	Field   string `json:"field"`
	Message string `json:"message"`
}
type objectResult struct {
	Name    string      `json:"name"`
	Refused string      `json:"refused,omitempty"`
	Unknown []string    `json:"unknown,omitempty"`
	Decoded interface{} `json:"decoded,omitempty"`
	Causes  []cause     `json:"causes"`
	Cells   interface{} `json:"cells,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
}
type crdResult struct {
	Name    string         `json:"name"`
	Causes  []cause        `json:"causes"`
	Objects []objectResult `json:"objects,omitempty"`
}

func causesOf(errs field.ErrorList) []cause {
	out := []cause{}
	for _, e := range errs {
		out = append(out, cause{string(e.Type), e.Field, e.ErrorBody()})
	}
	sort.SliceStable(out, func(i, j int) bool {
		if out[i].Field != out[j].Field { return out[i].Field < out[j].Field }
		return out[i].Message < out[j].Message
	})
	return out
}

func must(err error) { if err != nil { panic(err) } }

var scheme = runtime.NewScheme()

func toInternal(m map[string]interface{}) (*v1.CustomResourceDefinition, *apiextensions.CustomResourceDefinition, error) {
	bs, _ := json.Marshal(m)
	ext := &v1.CustomResourceDefinition{}
	if err := json.Unmarshal(bs, ext); err != nil { return nil, nil, err }
	scheme.Default(ext)
	in := &apiextensions.CustomResourceDefinition{}
	if err := scheme.Convert(ext, in, nil); err != nil { return nil, nil, err }
	return ext, in, nil
}

// The decoding of a request's body, as the handler of custom resources does it.
func decode(obj map[string]interface{}, s *structuralschema.Structural, drop bool) (unknown []string, err error) {
	objectMeta, found, metaUnknown, err := objectmeta.GetObjectMetaWithOptions(obj, objectmeta.ObjectMetaOptions{DropMalformedFields: drop, ReturnUnknownFieldPaths: true})
	if err != nil { return nil, err }
	unknown = append(unknown, metaUnknown...)
	unknown = append(unknown, pruning.PruneWithOptions(obj, s, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, s)
	ferr, paths := objectmeta.CoerceWithOptions(nil, obj, s, false, objectmeta.CoerceOptions{DropInvalidFields: drop, ReturnUnknownFieldPaths: true})
	if ferr != nil { return nil, ferr }
	unknown = append(unknown, paths...)
	if found { must(objectmeta.SetObjectMeta(obj, objectMeta)) }
	defaulting.Default(obj, s)
	return unknown, nil
}

func normalize(m map[string]interface{}) map[string]interface{} {
	bs, _ := json.Marshal(m)
	u := &unstructured.Unstructured{}
	v := map[string]interface{}{}
	if err := json.Unmarshal(bs, &v); err != nil { panic(err) }
	if err := u.UnmarshalJSON(bs); err == nil { return u.Object }
	return v
}

func main() {
	apiextensionsinstall.Install(scheme)
	ctx := genericrequest.WithNamespace(context.Background(), "default")
	var cases []crdCase
	bs, err := os.ReadFile(os.Args[1]); must(err)
	must(json.Unmarshal(bs, &cases))
	var results []crdResult
	for _, c := range cases {
		r := crdResult{Name: c.Name, Causes: []cause{}}
		ext, in, err := toInternal(c.Definition)
		if err != nil {
			r.Causes = []cause{{"BadRequest", "", err.Error()}}
			results = append(results, r)
			continue
		}
		if c.OldDefinition != nil {
			_, old, err := toInternal(c.OldDefinition); must(err)
			r.Causes = causesOf(crdvalidation.ValidateCustomResourceDefinitionUpdate(ctx, in, old))
		} else {
			r.Causes = causesOf(crdvalidation.ValidateCustomResourceDefinition(ctx, in))
		}
		for _, oc := range c.Objects {
			var or objectResult
			or.Name = oc.Name
			or.Causes = []cause{}
			obj := normalize(oc.Object)
			apiVersion, _ := obj["apiVersion"].(string)
			gv, _ := schema.ParseGroupVersion(apiVersion)
			var ver *v1.CustomResourceDefinitionVersion
			for i := range ext.Spec.Versions { if ext.Spec.Versions[i].Name == gv.Version { ver = &ext.Spec.Versions[i] } }
			internal := &apiextensions.CustomResourceValidation{}
			must(v1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(ver.Schema, internal, nil))
			s, err := structuralschema.NewStructural(internal.OpenAPIV3Schema); must(err)
			sv, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema); must(err)
			var ssv validation.SchemaValidator
			if st, ok := internal.OpenAPIV3Schema.Properties["status"]; ok {
				ssv, _, err = validation.NewSchemaValidator(&st); must(err)
			}
			var status *apiextensions.CustomResourceSubresourceStatus
			var scale *apiextensions.CustomResourceSubresourceScale
			if ver.Subresources != nil {
				sub := &apiextensions.CustomResourceSubresources{}
				must(v1.Convert_v1_CustomResourceSubresources_To_apiextensions_CustomResourceSubresources(ver.Subresources, sub, nil))
				status, scale = sub.Status, sub.Scale
			}
			kind := schema.GroupVersionKind{Group: ext.Spec.Group, Version: ver.Name, Kind: ext.Spec.Names.Kind}
			strategy := customresource.NewStrategy(crdserverscheme.NewUnstructuredObjectTyper(), ext.Spec.Scope == "Namespaced", kind, sv, ssv, s, status, scale, ver.SelectableFields)
			unknown, err := decode(obj, s, false)
			if err != nil {
				or.Refused = err.Error()
				r.Objects = append(r.Objects, or)
				continue
			}
			or.Unknown = unknown
			if b, e := json.Marshal(obj); e == nil { or.Decoded = json.RawMessage(b) }
			u := &unstructured.Unstructured{Object: obj}
			if oc.Old != nil {
				old := normalize(oc.Old)
				_, err := decode(old, s, true); must(err)
				uo := &unstructured.Unstructured{Object: old}
				if oc.Subresource == "status" {
					or.Causes = causesOf(customresource.NewStatusStrategy(strategy).ValidateUpdate(ctx, u, uo))
				} else {
					or.Causes = causesOf(strategy.ValidateUpdate(ctx, u, uo))
				}
			} else {
				or.Causes = causesOf(strategy.Validate(ctx, u))
			}
			if len(ver.AdditionalPrinterColumns) > 0 {
				tc, err := tableconvertor.New(ver.AdditionalPrinterColumns)
				if err == nil {
					t, err := tc.ConvertToTable(ctx, u, &metav1.TableOptions{})
					if err == nil && len(t.Rows) == 1 { or.Cells = t.Rows[0].Cells } else { or.Cells = fmt.Sprint(err) }
				}
			}
			if len(ver.SelectableFields) > 0 {
				_, fs, err := strategy.GetAttrs(u)
				if err == nil { or.Fields = fs }
			}
			r.Objects = append(r.Objects, or)
		}
		results = append(results, r)
	}
	out, err := json.MarshalIndent(results, "", " "); must(err)
	os.Stdout.Write(out)
	os.Stdout.Write([]byte("\n"))
}
