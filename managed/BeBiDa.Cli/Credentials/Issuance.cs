using BeBiDa.Cli.Slurm;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Credentials;

/// <summary>A credential that is wanted, and where it goes.</summary>
internal sealed record IssuanceRequest
{
    /// <summary>How long to wait for approval and certificate unless something else is said.</summary>
    public static readonly TimeSpan UsualWait = TimeSpan.FromMinutes(5);

    /// <summary>The kubeconfig with which it is asked for.</summary>
    public required string Asker { get; init; }

    /// <summary>That one's context; empty for its current one.</summary>
    public string AskerContext { get; init; } = "";

    /// <summary>The kubeconfig that is written; "-" for standard output.</summary>
    public required string File { get; init; }

    /// <summary>The context that it gets.</summary>
    public string Context { get; init; } = "";

    /// <summary>Token or certificate.</summary>
    public required CredentialKind Kind { get; init; }

    /// <summary>The ServiceAccount's namespace and name.</summary>
    public (string Namespace, string Name) Account { get; init; } = (Manifests.Identity, Manifests.Identity);

    /// <summary>How long it should live.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The API server's address; null for the asker's.</summary>
    public string? Server { get; init; }

    /// <summary>The group that may read it; null for SlurmUser's.</summary>
    public string? Group { get; init; }

    /// <summary>Whether we approve a certificate request ourselves, if we may.</summary>
    public bool Approve { get; init; } = true;

    /// <summary>How long to wait for it.</summary>
    public TimeSpan Wait { get; init; } = UsualWait;

    /// <summary>Who it will be, as Kubernetes says it.</summary>
    public string Identity =>
        Kind == CredentialKind.Token ? $"{TokenIssuer.UserPrefix}{Account.Namespace}:{Account.Name}" : Manifests.Identity;
}

/// <summary>Gets a credential and writes the kubeconfig.</summary>
/// <param name="tell">Takes a line for the admin.</param>
/// <param name="logger">The log.</param>
internal sealed class Issuance(Action<string> tell, ILogger logger)
{
    /// <summary>Refuses what would not work, before anything is done: to replace what belongs to someone else, or to trust nobody knows whom.</summary>
    /// <exception cref="ConfigurationException">The file is there, and another identity's or cluster's; or the asker does not check the server.</exception>
    public static async Task RefuseAsync(IssuanceRequest request, bool replace, CancellationToken cancellationToken)
    {
        KubeconfigText.RefuseUntrusting(Kubeconfig.Load(request.Asker, request.AskerContext, allowExec: true));
        if (replace || request.File == "-" || !File.Exists(request.File))
            return;
        Credential present;
        try
        {
            present = await Credential.ReadAsync(request.File, request.Context, cancellationToken).ConfigureAwait(false);
        }
        catch (ConfigurationException e)
        {
            throw new ConfigurationException($"{e.Message}; --force replaces it");
        }
        var server = request.Server ?? Kubeconfig.Load(request.Asker, request.AskerContext, allowExec: true).Host;
        if (present.Identity != request.Identity)
            throw new ConfigurationException(
                $"{request.File} is the kubeconfig of {(present.Identity.Length > 0 ? present.Identity : "someone else")}, not of {request.Identity}; --force replaces it, --file names another file"
            );
        if (present.Server.TrimEnd('/') != server.TrimEnd('/'))
            throw new ConfigurationException(
                $"{request.File} is for the cluster at {present.Server}, not for {server}; --force replaces it, --file names another file, --server another address"
            );
    }

    /// <summary>Gets it and writes it.</summary>
    /// <returns>False while a certificate waits for its approval.</returns>
    /// <exception cref="ClusterException">Kubernetes refused.</exception>
    /// <exception cref="ConfigurationException">The file cannot be written.</exception>
    public async Task<bool> RunAsync(IssuanceRequest request, CancellationToken cancellationToken)
    {
        using var api = new ClusterApi(request.Asker, request.AskerContext, logger);
        var cluster = Kubeconfig.Load(request.Asker, request.AskerContext, allowExec: true);
        var context = request.Context.Length > 0 ? request.Context : Manifests.Identity;
        if (request.Kind == CredentialKind.Token)
        {
            var (token, expires) = await TokenIssuer
                .IssueAsync(api, request.Account.Namespace, request.Account.Name, request.Duration, cancellationToken)
                .ConfigureAwait(false);
            if (expires < DateTimeOffset.UtcNow + request.Duration * 0.9)
                tell(
                    $"the cluster limits tokens to less than {Duration.Format(request.Duration)}; renew this one in time (--self-renew and a timer do)"
                );
            Write(request, KubeconfigText.WithToken(cluster, request.Server, context, token));
            return true;
        }
        using var key = PendingKey.Open(request.File == "-" ? null : request.File + ".key");
        if (
            await new CertificateIssuer(api, tell)
                .IssueAsync(key, request.Duration, request.Approve, request.Wait, cancellationToken)
                .ConfigureAwait(false)
            is not { } certificate
        )
            return false;
        Write(request, KubeconfigText.WithCertificate(cluster, request.Server, context, certificate, key.Key.ExportPkcs8PrivateKeyPem()));
        key.Delete();
        return true;
    }

    private void Write(IssuanceRequest request, string text)
    {
        if (request.File == "-")
            Console.Out.Write(text);
        else
            PrivateFile.Write(request.File, text, Owner(request));
    }

    // Root's, for slurmctld's group to read; whoever is not root makes a file to be carried there.
    private FileOwner Owner(IssuanceRequest request)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            tell(
                $"not root: only you can read {request.File}; on slurmctld's host it must be root's, with SlurmUser's group and mode 0640"
            );
            return FileOwner.Mine;
        }
        if (request.Group is { } named)
            return FileOwner.RootAnd(
                HostUsers.GroupNumber(named) ?? throw new ConfigurationException($"--group: this host has no group {named}")
            );
        if (File.Exists(request.File))
            return FileOwner.Of(request.File).Closed;
        var user = SlurmConf.Find() is { } conf && File.Exists(conf) ? SlurmConf.Read(conf).Value("SlurmUser") ?? "root" : "slurm";
        if (HostUsers.Account(user) is { } account)
            return account.Number == 0 ? FileOwner.Mine : FileOwner.RootAnd(account.Groups[0]);
        tell(
            $"this host has no user {user}: only root can read {request.File}; for slurmctld run: chgrp GROUP {request.File} && chmod 0640 {request.File}"
        );
        return FileOwner.Mine;
    }
}
