using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Cli.Credentials;

/// <summary>One right: a verb on a resource.</summary>
/// <param name="Verb">What is done.</param>
/// <param name="Group">The API group; empty for the core one.</param>
/// <param name="Resource">The resource, in the plural.</param>
/// <param name="Subresource">Its subresource; empty for none.</param>
/// <param name="Namespace">Where; null for everywhere.</param>
/// <param name="Why">What it is needed for.</param>
internal sealed record Right(string Verb, string Group, string Resource, string Subresource, string? Namespace, string Why)
{
    public override string ToString() =>
        $"{Verb} {Resource}{(Subresource.Length > 0 ? "/" + Subresource : "")}{(Namespace is null ? "" : $" in namespace {Namespace}")}";
}

/// <summary>What manifests consist of.</summary>
internal sealed class ManifestObjects
{
    private readonly string[] lines;

    /// <summary>Reads them.</summary>
    public ManifestObjects(string text)
    {
        lines = text.Split('\n');
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        Documents = [.. yaml.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    private IReadOnlyList<YamlMappingNode> Documents { get; }

    /// <summary>The objects, in their order, as JSON.</summary>
    public IEnumerable<JsonObject> Objects => Documents.Select(document => (JsonObject)Json(document)!);

    /// <summary>The rights that its roles grant. What each is for is the comment above its rule.</summary>
    public IEnumerable<Right> Rights =>
        from document in Documents
        where document.Children.ContainsKey("rules")
        let space = Text(document["kind"]) == "Role" ? Text(document["metadata"]["namespace"]) : null
        from rule in (YamlSequenceNode)document["rules"]
        from part in (YamlSequenceNode)rule["apiGroups"]
        from resource in (YamlSequenceNode)rule["resources"]
        from verb in (YamlSequenceNode)rule["verbs"]
        let names = Text(resource).Split('/', 2)
        select new Right(Text(verb), Text(part), names[0], names.ElementAtOrDefault(1) ?? "", space, Above(rule));

    private string Above(YamlNode rule)
    {
        var comment = new List<string>();
        for (var line = (int)rule.Start.Line - 2; line >= 0 && lines[line].Trim() is ['#', .. var words]; line--)
            comment.Insert(0, words.Trim());
        return string.Join(' ', comment);
    }

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value ?? "";

    // Only what our own manifests hold: plain true and false are the only scalars that are no strings.
    private static JsonNode? Json(YamlNode node) =>
        node switch
        {
            YamlMappingNode mapping => new JsonObject(
                mapping.Children.Select(child => KeyValuePair.Create(Text(child.Key), Json(child.Value)))
            ),
            YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Json)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
            YamlScalarNode scalar => JsonValue.Create(scalar.Value),
            _ => throw new InvalidOperationException($"line {node.Start.Line}: {node.NodeType}"),
        };
}
