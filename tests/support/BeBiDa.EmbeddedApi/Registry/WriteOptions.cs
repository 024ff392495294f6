namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>How a write is meant: by which field manager, for real or as a trial, over conflicts or not.</summary>
internal sealed record WriteOptions(string Manager, bool DryRun = false, bool Force = false)
{
    /// <summary>The server's own writes.</summary>
    public static readonly WriteOptions Server = new("kube-apiserver");
}
