// A provider that knows the schema of hashicorp/aws and nothing else: `terraform validate` and `terraform test` with
// mock_provider ask for no more. It cannot plan or apply without a mock, and holds no account.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"log"
	"sort"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Made by schema.py.
//
//go:embed schema.json
var schemaJSON []byte

type attribute struct {
	Type                         json.RawMessage
	Required, Optional, Computed bool
}

type nestedBlock struct {
	Nesting  string
	Min, Max int64
	Block    block
}

type block struct {
	Attributes map[string]attribute
	Blocks     map[string]nestedBlock
}

type provider struct {
	tfprotov5.ProviderServer
	Resources, Data map[string]block
	Provider        block
}

func (b block) schema() *tfprotov5.Schema { return &tfprotov5.Schema{Block: b.schemaBlock()} }

func (b block) schemaBlock() *tfprotov5.SchemaBlock {
	out := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: typeOf(a.Type), Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	for name, n := range b.Blocks {
		nested := &tfprotov5.SchemaNestedBlock{TypeName: name, Block: n.Block.schemaBlock()}
		switch n.Nesting {
		case "single":
			nested.Nesting = tfprotov5.SchemaNestedBlockNestingModeSingle
		case "set":
			nested.Nesting, nested.MinItems, nested.MaxItems = tfprotov5.SchemaNestedBlockNestingModeSet, n.Min, n.Max
		default:
			nested.Nesting, nested.MinItems, nested.MaxItems = tfprotov5.SchemaNestedBlockNestingModeList, n.Min, n.Max
		}
		out.BlockTypes = append(out.BlockTypes, nested)
	}
	sort.Slice(out.Attributes, func(i, j int) bool { return out.Attributes[i].Name < out.Attributes[j].Name })
	sort.Slice(out.BlockTypes, func(i, j int) bool { return out.BlockTypes[i].TypeName < out.BlockTypes[j].TypeName })
	return out
}

func typeOf(raw json.RawMessage) tftypes.Type {
	//nolint:staticcheck // The type notation of schema.py is the one that Terraform writes.
	t, err := tftypes.ParseJSONType(raw)
	if err != nil {
		log.Fatalf("the type %s: %v", raw, err)
	}
	return t
}

func schemas(of map[string]block) map[string]*tfprotov5.Schema {
	out := make(map[string]*tfprotov5.Schema, len(of))
	for name, b := range of {
		out[name] = b.schema()
	}
	return out
}

func (provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	return &tfprotov5.GetMetadataResponse{}, nil
}

func (p provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{
		Provider: p.Provider.schema(), ResourceSchemas: schemas(p.Resources), DataSourceSchemas: schemas(p.Data),
	}, nil
}

func (provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (provider) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func main() {
	var p provider
	if err := json.Unmarshal(schemaJSON, &p); err != nil {
		log.Fatalf("schema.json: %v", err)
	}
	serve := func() tfprotov5.ProviderServer { return p }
	if err := tf5server.Serve("registry.terraform.io/hashicorp/aws", serve); err != nil {
		log.Fatal(err)
	}
}
