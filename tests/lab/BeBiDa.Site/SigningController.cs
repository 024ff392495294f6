using System.Net;
using System.Text;
using BeBiDa.EmbeddedApi;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BeBiDa.Site;

/// <summary>Signs the approved certificate requests of a cluster: a stand-in for kube-controller-manager, which tests have none of.</summary>
public sealed class SigningController : IAsyncDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly IApiServer server;
    private readonly Kubernetes client;
    private readonly CancellationTokenSource end = new();
    private readonly Task running;

    private SigningController(IApiServer server)
    {
        this.server = server;
        client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(server.AdminKubeconfig));
        running = RunAsync(end.Token);
    }

    /// <summary>Begins to sign.</summary>
    public static SigningController Start(IApiServer server) => new(server);

    /// <summary>The certificate requests of the cluster.</summary>
    public async Task<IList<V1CertificateSigningRequest>> RequestsAsync() =>
        (await client.CertificatesV1.ListCertificateSigningRequestAsync()).Items;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // That is its end.
        }
        client.Dispose();
        end.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            foreach (var request in await RequestsAsync())
            {
                if (
                    request.Status?.Certificate is not null
                    || request.Status?.Conditions?.Any(condition => condition.Type == "Approved") != true
                )
                    continue;
                var lifetime = TimeSpan.FromSeconds(request.Spec.ExpirationSeconds ?? 31_536_000);
                request.Status.Certificate = Encoding.UTF8.GetBytes(
                    server.SignClientCertificate(Encoding.UTF8.GetString(request.Spec.Request), lifetime)
                );
                try
                {
                    await client.CertificatesV1.ReplaceCertificateSigningRequestStatusAsync(
                        request,
                        request.Metadata.Name,
                        cancellationToken: cancellation
                    );
                }
                catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
                {
                    // Someone else wrote to it meanwhile: it is looked at again.
                }
            }
            await Task.Delay(LookAgain, cancellation);
        }
    }
}
