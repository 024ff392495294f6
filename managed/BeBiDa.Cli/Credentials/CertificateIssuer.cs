using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.Cluster;

namespace BeBiDa.Cli.Credentials;

/// <summary>Asks for a client certificate (kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests).</summary>
/// <param name="cluster">The cluster, as someone who may ask.</param>
/// <param name="tell">Takes a line for the admin.</param>
internal sealed class CertificateIssuer(ClusterApi cluster, Action<string> tell)
{
    private const string Signer = "kubernetes.io/kube-apiserver-client";
    private const string Collection = "apis/certificates.k8s.io/v1/certificatesigningrequests";

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Asks, has it approved, and waits for the certificate.</summary>
    /// <param name="key">Whose certificate it is.</param>
    /// <param name="lifetime">How long it should live, 10 minutes at least; the signer may have a limit of its own.</param>
    /// <param name="approve">Whether we approve it, if we may.</param>
    /// <param name="wait">How long to wait for approval and certificate.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The certificate and what it was signed with, PEM; null while it is not there.</returns>
    /// <exception cref="ClusterException">It was refused.</exception>
    public async Task<string?> IssueAsync(
        PendingKey key,
        TimeSpan lifetime,
        bool approve,
        TimeSpan wait,
        CancellationToken cancellationToken
    )
    {
        var path = $"{Collection}/{key.RequestName}";
        var started = TimeProvider.System.GetTimestamp();
        if (await cluster.GetAsync(path, cancellationToken).ConfigureAwait(false) is not { } request)
            request = await cluster.PostAsync(Collection, Request(key, lifetime), cancellationToken).ConfigureAwait(false);
        if (approve && !Has(request, "Approved") && !Has(request, "Denied"))
            approve = await ApproveAsync(path, request, cancellationToken).ConfigureAwait(false);
        if (!approve && !Has(request, "Approved"))
            tell(
                $"certificate request {key.RequestName} waits for approval; an approver runs: kubectl certificate approve {key.RequestName}"
            );
        while (true)
        {
            request =
                await cluster.GetAsync(path, cancellationToken).ConfigureAwait(false)
                ?? throw new ClusterException(
                    ClusterFault.NotFound,
                    $"certificate request {key.RequestName} was deleted before it was signed; run this again"
                );
            foreach (var end in new[] { "Denied", "Failed" })
                if (Has(request, end))
                    throw Refused(key, end, request);
            if (request["status"]?["certificate"]?.GetValue<string>() is { Length: > 0 } certificate)
                return Fitting(key, Encoding.UTF8.GetString(Convert.FromBase64String(certificate)));
            if (TimeProvider.System.GetElapsedTime(started) >= wait)
            {
                tell(
                    Has(request, "Approved")
                        ? $"certificate request {key.RequestName} is approved but not signed: the controller manager may not sign for {Signer}, as in some hosted clusters; use --credential token"
                        : $"certificate request {key.RequestName} is not approved yet; run this again when it is, to continue with the same request and key"
                );
                return null;
            }
            await Task.Delay(LookAgain, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> ApproveAsync(string path, JsonObject request, CancellationToken cancellationToken)
    {
        var approved = (JsonObject)request.DeepClone();
        if (approved["status"] is not JsonObject status)
            approved["status"] = status = [];
        status["conditions"] = new JsonArray(
            new JsonObject
            {
                ["type"] = "Approved",
                ["status"] = "True",
                ["reason"] = "BebidactlApprove",
                ["message"] = "approved by bebidactl kubeconfig",
            }
        );
        try
        {
            await cluster.PutAsync($"{path}/approval", approved, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
        {
            return false;
        }
    }

    private static JsonObject Request(PendingKey key, TimeSpan lifetime)
    {
        var pem = new CertificateRequest($"CN={Manifests.Identity}", key.Key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = key.RequestName },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem)),
                ["signerName"] = Signer,
                ["usages"] = new JsonArray("digital signature", "client auth"),
                ["expirationSeconds"] = (long)lifetime.TotalSeconds,
            },
        };
    }

    private static string Fitting(PendingKey key, string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        using var theirs = certificate.GetECDsaPublicKey();
        if (theirs?.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.Key.ExportSubjectPublicKeyInfo()) != true)
            throw new ClusterException(
                ClusterFault.Refused,
                $"the certificate of request {key.RequestName} has another key than ours; someone else created a request of that name"
            );
        return pem;
    }

    private static ClusterException Refused(PendingKey key, string how, JsonObject request)
    {
        // Asked for anew the next time, as another request.
        key.Delete();
        return new ClusterException(
            ClusterFault.Refused,
            $"certificate request {key.RequestName}: {how}: {Condition(request, how)?["message"]?.GetValue<string>() ?? "no message"}"
        );
    }

    private static bool Has(JsonObject request, string condition) => Condition(request, condition) is not null;

    private static JsonNode? Condition(JsonObject request, string type) =>
        (request["status"]?["conditions"] as JsonArray)?.FirstOrDefault(condition =>
            condition?["type"]?.GetValue<string>() == type && condition["status"]?.GetValue<string>() != "False"
        );
}
