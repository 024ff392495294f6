using BeBiDa.EmbeddedApi;

namespace BeBiDa.Chaos.Adversities;

/// <summary>How the plugin, and only the plugin, reaches the API server: its kubeconfig, and the proxy that it names.</summary>
public sealed class PluginsWay : IAsyncDisposable
{
    /// <summary>What the plugin calls itself.</summary>
    public const string UserAgent = "bebida/";

    private const string User = "bebida";

    private IApiServer? api;
    private ApiProxy? proxy;
    private string? kubeconfig;

    /// <summary>The way's one obstacle.</summary>
    public ApiProxy Proxy => proxy ?? throw new InvalidOperationException("the site has not started");

    /// <summary>Makes the kubeconfig of a site whose API server has started.</summary>
    public string Kubeconfig(IApiServer server)
    {
        api = server;
        proxy = new ApiProxy(server.Url);
        return kubeconfig = Detour(server.WriteKubeconfig(User));
    }

    /// <summary>Replaces the client certificate by a new one, as whatever renews certificates does: by a rename.</summary>
    public void Rotate(TimeSpan lifetime) => File.Move(Detour(api!.WriteKubeconfig(User, lifetime)), kubeconfig!, overwrite: true);

    public async ValueTask DisposeAsync()
    {
        if (proxy is not null)
            await proxy.DisposeAsync();
    }

    // Mode and owner stay: the file itself is written.
    private string Detour(string path)
    {
        File.WriteAllText(
            path,
            File.ReadAllText(path)
                .Replace(api!.Url.GetLeftPart(UriPartial.Authority), proxy!.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
        );
        return path;
    }
}
