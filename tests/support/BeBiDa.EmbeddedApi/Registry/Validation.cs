using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Selectors;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>The refusals of malformed objects that clients meet in practice.</summary>
internal static partial class Validation
{
    public static void Identity(ResourceType type, JsonObject json)
    {
        if (json.Text("kind") is { } kind && kind != type.Kind)
            throw ApiError.BadRequest($"{kind} in version \"{json.Text("apiVersion")}\" cannot be handled as a {type.Kind}");
        if (json.Text("apiVersion") is { } version && version != type.ApiVersion)
            throw ApiError.BadRequest(
                $"the API version in the data ({version}) does not match the expected API version ({type.ApiVersion})"
            );
        json["kind"] = type.Kind;
        json["apiVersion"] = type.ApiVersion;
        json.Make("metadata");
    }

    public static void Name(ResourceType type, string name)
    {
        if (type.Group == "rbac.authorization.k8s.io")
        {
            if (name.Length == 0 || name is "." or ".." || name.Contains('/') || name.Contains('%'))
                throw ApiError.Invalid(type, name, "metadata.name", $"Invalid value: \"{name}\": may not be a path");
            return;
        }
        if (name.Length is 0 or > 253 || !Subdomain().IsMatch(name))
            throw ApiError.Invalid(
                type,
                name,
                "metadata.name",
                $"Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
            );
    }

    public static void Content(ResourceType type, string name, JsonObject json)
    {
        foreach (var (key, value) in json.Object("metadata").Object("labels") ?? [])
        {
            if (!QualifiedName().IsMatch(key))
                throw ApiError.Invalid(
                    type,
                    name,
                    "metadata.labels",
                    $"Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
                );
            if (value.Text() is not { } text || !LabelValue().IsMatch(text))
                throw ApiError.Invalid(
                    type,
                    name,
                    "metadata.labels",
                    $"Invalid value: {value?.ToJsonString()}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
                );
        }
        foreach (var (key, value) in json.Object("metadata").Object("annotations") ?? [])
        {
            if (!QualifiedName().IsMatch(key.ToLowerInvariant()))
                throw ApiError.Invalid(
                    type,
                    name,
                    "metadata.annotations",
                    $"Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
                );
            if (value.Text() is null)
                throw ApiError.BadRequest($"metadata.annotations.{key}: expected a string, got {value?.ToJsonString()}");
        }
        switch (type.Plural)
        {
            case "pods":
                PodSpec(type, name, json.Object("spec"), "spec");
                break;
            case "deployments" or "replicasets" or "daemonsets" or "statefulsets":
                Workload(type, name, json);
                break;
        }
    }

    private static void Workload(ResourceType type, string name, JsonObject json)
    {
        if (json.At("spec", "selector") is not JsonObject selector)
            throw ApiError.Invalid(type, name, "spec.selector", "Required value");
        var labels = json.At("spec", "template", "metadata", "labels") as JsonObject;
        if (!LabelSelector.FromObject(selector).Matches(labels))
            throw ApiError.Invalid(
                type,
                name,
                "spec.template.metadata.labels",
                $"Invalid value: {labels?.ToJsonString() ?? "null"}: `selector` does not match template `labels`"
            );
        PodSpec(type, name, json.At("spec", "template", "spec") as JsonObject, "spec.template.spec");
    }

    private static void PodSpec(ResourceType type, string name, JsonObject? spec, string path)
    {
        if (spec.Array("containers") is not { Count: > 0 } containers)
            throw ApiError.Invalid(type, name, path + ".containers", "Required value");
        foreach (var container in containers)
        {
            if (string.IsNullOrEmpty(container.At("name").Text()))
                throw ApiError.Invalid(type, name, path + ".containers.name", "Required value");
            if (type.Plural == "pods" && string.IsNullOrEmpty(container.At("image").Text()))
                throw ApiError.Invalid(type, name, path + ".containers.image", "Required value");
        }
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
    private static partial Regex Subdomain();

    [GeneratedRegex("^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")]
    private static partial Regex QualifiedName();

    [GeneratedRegex("^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]
    private static partial Regex LabelValue();
}
