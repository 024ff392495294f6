namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>How a write is meant: by which field manager, over conflicts or not.</summary>
internal sealed record WriteOptions(string Manager, bool Force = false)
{
    /// <summary>The server's own writes.</summary>
    public static readonly WriteOptions Server = new("kube-apiserver");
}
