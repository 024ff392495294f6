namespace BeBiDa.EmbeddedApi.Rbac;

/// <summary>What someone wants to do: a verb on a resource, or on a path that is none.</summary>
internal sealed record AccessRequest(
    string Verb,
    string Group,
    string Resource,
    string Subresource,
    string Namespace,
    string Name,
    string? Path = null
)
{
    public string Described => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";
}
