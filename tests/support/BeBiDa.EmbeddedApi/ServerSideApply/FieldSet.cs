using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>
/// A set of fields of an object, as a tree over the path elements of <c>FieldsV1</c>: <c>f:name</c>, <c>k:{"name":"x"}</c>
/// and <c>v:"value"</c>. A node of the tree may itself be in the set, have fields below it in the set, or both. Immutable.
/// </summary>
internal sealed class FieldSet
{
    public static readonly FieldSet Empty = new(false, []);

    public static readonly FieldSet Leaf = new(true, []);

    private FieldSet(bool isMember, Dictionary<string, FieldSet> children)
    {
        IsMember = isMember;
        Children = children;
    }

    public bool IsMember { get; }

    public Dictionary<string, FieldSet> Children { get; }

    public bool IsEmpty => !IsMember && Children.Count == 0;

    public FieldSet Child(string element) => Children.GetValueOrDefault(element, Empty);

    public static FieldSet Of(bool isMember, Dictionary<string, FieldSet> children) =>
        children.Count == 0 ? (isMember ? Leaf : Empty) : new FieldSet(isMember, children);

    public FieldSet Union(FieldSet other)
    {
        if (other.IsEmpty || ReferenceEquals(this, other))
            return this;
        if (IsEmpty)
            return other;
        var children = new Dictionary<string, FieldSet>(Children);
        foreach (var (element, child) in other.Children)
            children[element] = children.TryGetValue(element, out var own) ? own.Union(child) : child;
        return Of(IsMember || other.IsMember, children);
    }

    public FieldSet Without(FieldSet other)
    {
        if (IsEmpty || other.IsEmpty)
            return this;
        var children = new Dictionary<string, FieldSet>(Children.Count);
        foreach (var (element, child) in Children)
        {
            var left = other.Children.TryGetValue(element, out var taken) ? child.Without(taken) : child;
            if (!left.IsEmpty)
                children[element] = left;
        }
        return Of(IsMember && !other.IsMember, children);
    }

    /// <summary>Takes the named fields away with everything below them.</summary>
    public FieldSet WithoutTrees(FieldSet other)
    {
        if (other.IsMember)
            return Empty;
        if (IsEmpty || other.IsEmpty)
            return this;
        var children = new Dictionary<string, FieldSet>(Children.Count);
        foreach (var (element, child) in Children)
        {
            var left = other.Children.TryGetValue(element, out var taken) ? child.WithoutTrees(taken) : child;
            if (!left.IsEmpty)
                children[element] = left;
        }
        return Of(IsMember, children);
    }

    public FieldSet Intersect(FieldSet other)
    {
        if (IsEmpty || other.IsEmpty)
            return Empty;
        var children = new Dictionary<string, FieldSet>();
        foreach (var (element, child) in Children)
        {
            if (!other.Children.TryGetValue(element, out var shared))
                continue;
            var both = child.Intersect(shared);
            if (!both.IsEmpty)
                children[element] = both;
        }
        return Of(IsMember && other.IsMember, children);
    }

    public bool SameAs(FieldSet other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (IsMember != other.IsMember || Children.Count != other.Children.Count)
            return false;
        foreach (var (element, child) in Children)
        {
            if (!other.Children.TryGetValue(element, out var twin) || !child.SameAs(twin))
                return false;
        }
        return true;
    }

    /// <summary>The members as dotted paths for a person, such as <c>.spec.unschedulable</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (IsMember)
            yield return prefix;
        foreach (var (element, child) in Children.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            foreach (var path in child.Paths(prefix + Shown(element)))
                yield return path;
        }
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && Children.Count > 0)
            json["."] = new JsonObject();
        foreach (var (element, child) in Children.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json[element] = child.ToJson();
        return json;
    }

    /// <summary>Reads <c>FieldsV1</c>.</summary>
    public static FieldSet FromJson(JsonObject? json, bool isRoot = true)
    {
        if (json is null || json.Count == 0)
            return isRoot ? Empty : Leaf;
        var children = new Dictionary<string, FieldSet>();
        var isMember = false;
        foreach (var (element, below) in json)
        {
            if (element == ".")
                isMember = true;
            else
                children[element] = FromJson(below as JsonObject, false);
        }
        return Of(isMember, children);
    }

    private static string Shown(string element)
    {
        if (element.StartsWith("f:", StringComparison.Ordinal))
            return "." + element[2..];
        if (element.StartsWith("v:", StringComparison.Ordinal))
            return "[=" + element[2..] + "]";
        var keys = (JsonObject)JsonNode.Parse(element[2..])!;
        return "[" + string.Join(",", keys.Select(key => $"{key.Key}={key.Value?.ToJsonString()}")) + "]";
    }
}
