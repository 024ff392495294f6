namespace BeBiDa.EmbeddedApi;

/// <summary>Which server a fixture runs against.</summary>
public enum ApiServerKind
{
    /// <summary>The one in this process.</summary>
    Embedded,

    /// <summary>A real etcd and kube-apiserver.</summary>
    Real,
}

/// <summary>The servers that tests run against: the embedded one, and the real one where its binaries are.</summary>
public static class TestServers
{
    /// <summary>For <c>[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]</c>.</summary>
    public static IEnumerable<ApiServerKind> All =>
        RealApiServer.IsAvailable ? [ApiServerKind.Embedded, ApiServerKind.Real] : [ApiServerKind.Embedded];

    /// <summary>For what the embedded server does not have: the real one where its binaries are, else none.</summary>
    public static IEnumerable<ApiServerKind> RealOnly => All.Where(kind => kind == ApiServerKind.Real);

    /// <summary>Starts a server of a kind; a real one counts the requests of those users only that are to be counted.</summary>
    public static async Task<IApiServer> StartAsync(
        ApiServerKind kind,
        CancellationToken cancellation = default,
        IReadOnlyList<string>? counted = null
    ) =>
        kind == ApiServerKind.Real
            ? await RealApiServer.StartAsync(cancellation, counted: counted)
            : await EmbeddedApiServer.StartAsync(null, cancellation);
}
