// judge tells what GitOps tools make of objects, which it reads from standard input as JSON.
//
//	judge health.lua <objects      what kstatus and Argo CD, with this health check, say of each, in this order
//	judge run action.lua <objects  what a script of a resource action of Argo CD makes of each
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type verdicts struct {
	Kstatus verdict `json:"kstatus"`
	Argo    verdict `json:"argo"`
}

func main() {
	log.SetFlags(0)
	judge := verdictsOn
	arguments := os.Args[1:]
	if len(arguments) == 2 && arguments[0] == "run" {
		judge, arguments = action, arguments[1:]
	}
	if len(arguments) != 1 {
		log.Fatal("usage: judge [run] script.lua <objects")
	}
	script, err := os.ReadFile(arguments[0])
	if err != nil {
		log.Fatal(err)
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		object := &unstructured.Unstructured{}
		if err := in.Decode(object); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		result, err := judge(string(script), object)
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(result); err != nil {
			log.Fatal(err)
		}
	}
}

func verdictsOn(script string, object *unstructured.Unstructured) (any, error) {
	computed, err := status.Compute(object)
	if err != nil {
		return nil, err
	}
	argo, err := health(script, object)
	return verdicts{Kstatus: verdict{string(computed.Status), computed.Message}, Argo: argo}, err
}

func health(script string, object *unstructured.Unstructured) (verdict, error) {
	result, err := run(script, object)
	if err != nil {
		return verdict{}, err
	}
	given := verdict{Status: lua.LVAsString(result.RawGetString("status")), Message: lua.LVAsString(result.RawGetString("message"))}
	switch given.Status {
	case "Healthy", "Progressing", "Degraded", "Suspended":
		return given, nil
	default:
		return verdict{}, fmt.Errorf("the health check gave the status %q", given.Status)
	}
}

func action(script string, object *unstructured.Unstructured) (any, error) {
	result, err := run(script, object)
	if err != nil {
		return nil, err
	}
	return plain(result), nil
}

// run runs a script as Argo CD does (util/lua/lua.go): with few of Lua's libraries, the object in the global obj, and a table as
// the result.
func run(script string, object *unstructured.Unstructured) (*lua.LTable, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	state.PreloadModule(lua.OsLibName, loadTimes)
	state.SetGlobal("obj", value(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("the script gave no table, but %s", state.Get(-1).Type())
	}
	return result, nil
}

// loadTimes returns the part of Lua's library os that Argo CD gives to a script that requires it (util/lua/oslib_safe.go).
func loadTimes(state *lua.LState) int {
	lua.OpenOs(state)
	all := state.GetGlobal(lua.OsLibName).(*lua.LTable)
	state.SetGlobal(lua.OsLibName, lua.LNil)
	safe := state.NewTable()
	for _, name := range []string{"date", "time"} {
		safe.RawSetString(name, all.RawGetString(name))
	}
	state.Push(safe)
	return 1
}

// plain is what a script gave, for JSON. Lua has one kind of table: an empty one becomes an object.
func plain(from lua.LValue) any {
	switch from := from.(type) {
	case lua.LBool:
		return bool(from)
	case lua.LNumber:
		return float64(from)
	case lua.LString:
		return string(from)
	case *lua.LTable:
		if from.Len() > 0 {
			list := []any{}
			from.ForEach(func(_, item lua.LValue) { list = append(list, plain(item)) })
			return list
		}
		object := map[string]any{}
		from.ForEach(func(key, item lua.LValue) { object[lua.LVAsString(key)] = plain(item) })
		return object
	default:
		return nil
	}
}

func value(state *lua.LState, from any) lua.LValue {
	switch from := from.(type) {
	case bool:
		return lua.LBool(from)
	case float64:
		return lua.LNumber(from)
	case int64:
		return lua.LNumber(from)
	case string:
		return lua.LString(from)
	case []any:
		table := state.NewTable()
		for _, item := range from {
			table.Append(value(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range from {
			table.RawSetString(key, value(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
