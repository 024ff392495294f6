using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.Site;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Tests;

/// <summary>
/// An admission webhook on a namespace's evictions. A real API server asks one that listens here; the embedded one, which
/// asks none, gives the answer that a real one gives its clients then.
/// </summary>
internal sealed class EvictionWebhook : IAsyncDisposable
{
    /// <summary>Denials with a code, and what else a webhook can do.</summary>
    public static readonly string[] Ways = ["400", "403", "404", "409", "410", "422", "429", "500", "503", "fails", "hangs", "unreachable"];

    private const string Name = "evictions.bebida.test";

    private readonly List<Func<ValueTask>> ends = [];

    /// <summary>Puts it in the way of a namespace's evictions.</summary>
    /// <param name="server">The API server.</param>
    /// <param name="kubectl">An admin's.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="way">One of <see cref="Ways"/>.</param>
    /// <param name="timeoutSeconds">How long a real API server waits for its answer.</param>
    public static async Task<EvictionWebhook> StartAsync(
        IApiServer server,
        Kubectl kubectl,
        string space,
        string way,
        int timeoutSeconds = 1
    )
    {
        var webhook = new EvictionWebhook();
        if (server is EmbeddedApiServer embedded)
        {
            var fault = embedded.Faults.Add(Answer(way) with { Resource = "pods/eviction", Path = $"/{space}/" });
            webhook.ends.Add(() =>
            {
                fault.Dispose();
                return ValueTask.CompletedTask;
            });
        }
        else
        {
            await webhook.InstallAsync(kubectl, space, way, timeoutSeconds);
        }
        return webhook;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var end in Enumerable.Reverse(ends))
            await end();
    }

    private static Fault Answer(string way)
    {
        var (code, status) = way switch
        {
            "fails" or "hangs" or "unreachable" => (
                500,
                new JsonObject
                {
                    ["reason"] = "InternalError",
                    ["message"] = $"Internal error occurred: failed calling webhook \"{Name}\"",
                    ["details"] = new JsonObject
                    {
                        ["causes"] = new JsonArray(new JsonObject { ["message"] = $"failed calling webhook \"{Name}\"" }),
                    },
                }
            ),
            _ => (int.Parse(way, null), new JsonObject { ["message"] = $"admission webhook \"{Name}\" denied the request: not now" }),
        };
        (status["kind"], status["apiVersion"], status["status"], status["code"]) = ("Status", "v1", "Failure", code);
        return new Fault(FaultKind.Refuse) { StatusCode = code, Body = status.ToJsonString() };
    }

    private async Task InstallAsync(Kubectl kubectl, string space, string way, int timeoutSeconds)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder
            .WebHost.UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var application = builder.Build();
        application.Run(http => ReviewAsync(http, way));
        await application.StartAsync();
        var port = way == "unreachable" ? 1 : new Uri(application.Urls.Single()).Port;
        ends.Add(application.DisposeAsync);
        var configuration = $$"""
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata:
              name: {{space}}
            webhooks:
              - name: {{Name}}
                clientConfig: {url: "https://127.0.0.1:{{port}}/", caBundle: "{{Convert.ToBase64String(
                System.Text.Encoding.ASCII.GetBytes(made.ExportCertificatePem())
            )}}"}
                rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods/eviction]}]
                namespaceSelector:
                  matchLabels: {kubernetes.io/metadata.name: "{{space}}"}
                failurePolicy: Fail
                sideEffects: None
                timeoutSeconds: {{timeoutSeconds}}
                admissionReviewVersions: [v1]
            """;
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, configuration);
        await kubectl.RunAsync("apply", "-f", file);
        File.Delete(file);
        ends.Add(async () => await kubectl.RunAsync("delete", "validatingwebhookconfiguration", space));
    }

    private static async Task ReviewAsync(HttpContext http, string way)
    {
        if (way == "hangs")
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        if (way == "fails")
        {
            http.Response.StatusCode = 500;
            return;
        }
        var review = await JsonNode.ParseAsync(http.Request.Body);
        await http.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["apiVersion"] = "admission.k8s.io/v1",
                ["kind"] = "AdmissionReview",
                ["response"] = new JsonObject
                {
                    ["uid"] = review!["request"]!["uid"]!.GetValue<string>(),
                    ["allowed"] = false,
                    ["status"] = new JsonObject { ["code"] = int.Parse(way, null), ["message"] = "not now" },
                },
            }
        );
    }
}
