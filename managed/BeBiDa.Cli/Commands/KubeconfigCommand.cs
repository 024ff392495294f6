using System.CommandLine;
using BeBiDa.Cli.Credentials;
using BeBiDa.Cluster;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl kubeconfig</c>: the controller's identity in Kubernetes.</summary>
internal static class KubeconfigCommand
{
    private const string Examples = """
        # On slurmctld's host, with an admin's kubeconfig
        bebidactl kubeconfig create --kubeconfig admin.conf

        # Who is it, and until when
        bebidactl kubeconfig show
        """;

    private const string CreateExamples = """
        # A ServiceAccount's token, which renews itself (bebida-kubeconfig.timer)
        bebidactl kubeconfig create --kubeconfig admin.conf --self-renew

        # A client certificate that someone else approves; run again to go on waiting for it
        bebidactl kubeconfig create --credential certificate --no-approve

        # Rights are applied by GitOps, and the file is carried to slurmctld's host
        bebidactl kubeconfig create --skip-rbac --file bebida.kubeconfig --server https://k8s.example.org:6443
        """;

    private const string RenewExamples = """
        # With an admin's kubeconfig, if it is due
        bebidactl kubeconfig renew --kubeconfig admin.conf

        # As bebida-kubeconfig.timer does: the token itself, made with create --self-renew
        bebidactl kubeconfig renew --self
        """;

    private const string ShowExamples = """
        # For people, and for monitoring
        bebidactl kubeconfig show
        bebidactl kubeconfig show --output json | jq -r .expires
        """;

    // Renewal falls due with a month left.
    private static readonly TimeSpan UsualDuration = TimeSpan.FromDays(90);

    public static Command Create(GlobalOptions globals)
    {
        var command = new ExemplifiedCommand(
            "kubeconfig",
            "Create, renew and show the kubeconfig with which slurmctld reaches Kubernetes.",
            Examples
        );
        command.Subcommands.Add(Make(globals, new KubeconfigOptions()));
        command.Subcommands.Add(Renew(globals, new KubeconfigOptions()));
        command.Subcommands.Add(Show(globals, new KubeconfigOptions()));
        return command;
    }

    private static Command Make(GlobalOptions globals, KubeconfigOptions options)
    {
        var command = new ExemplifiedCommand(
            "create",
            "Give the controller an identity with the rights that it needs, and write its kubeconfig.",
            CreateExamples
        )
        {
            options.Target,
            options.Kubeconfig,
            options.Context,
            options.Credential,
            options.Duration,
            options.Server,
            options.Group,
            options.Namespace,
            options.RemoveNode,
            options.DisruptionTarget,
            options.WaitUntilReady,
            options.SelfRenew,
            options.SkipRbac,
            options.NoApprove,
            options.Wait,
            options.Force,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (file, context) = KubeconfigOptions.Present(parsed.GetValue(options.Target), parsed.GetValue(globals.Config));
                var request = new IssuanceRequest
                {
                    Asker = AdminKubeconfig.Find(parsed.GetValue(options.Kubeconfig)),
                    AskerContext = parsed.GetValue(options.Context)!,
                    File = file,
                    Context = context,
                    Kind = parsed.GetValue(options.Credential) ?? CredentialKind.Token,
                    Account = (parsed.GetValue(options.Namespace)!, Manifests.Identity),
                    Duration = parsed.GetValue(options.Duration) ?? UsualDuration,
                    Server = parsed.GetValue(options.Server),
                    Group = parsed.GetValue(options.Group),
                    Approve = !parsed.GetValue(options.NoApprove),
                    Wait = parsed.GetValue(options.Wait) ?? IssuanceRequest.UsualWait,
                };
                var manifests = new ManifestOptions(
                    request.Account.Namespace,
                    request.Kind,
                    parsed.GetValue(options.RemoveNode),
                    parsed.GetValue(options.SelfRenew),
                    DisruptionTarget: parsed.GetValue(options.DisruptionTarget),
                    WaitUntilReady: parsed.GetValue(options.WaitUntilReady)
                );
                if (manifests.SelfRenew && request.Kind != CredentialKind.Token)
                    throw new ConfigurationException("--self-renew: only a token can renew itself; a certificate needs approval each time");
                await Issuance.RefuseAsync(request, replace: parsed.GetValue(options.Force), cancellationToken).ConfigureAwait(false);
                if (!parsed.GetValue(options.SkipRbac))
                    using (var admin = new ClusterApi(request.Asker, request.AskerContext, globals.Log(parsed)))
                        await Rights.ApplyAsync(admin, manifests, cancellationToken).ConfigureAwait(false);
                return await IssueAsync(globals, parsed, request, manifests, cancellationToken).ConfigureAwait(false);
            }
        );
        return command;
    }

    private static Command Renew(GlobalOptions globals, KubeconfigOptions options)
    {
        var command = new ExemplifiedCommand(
            "renew",
            "Renew the credential in the controller's kubeconfig if less than a third of its lifetime is left. slurmctld uses it within a second.",
            RenewExamples
        )
        {
            options.Target,
            options.Kubeconfig,
            options.Context,
            options.Self,
            options.Now,
            options.Duration,
            options.NoApprove,
            options.Wait,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (file, context) = KubeconfigOptions.Present(parsed.GetValue(options.Target), parsed.GetValue(globals.Config));
                var present = await Credential.ReadAsync(file, context, cancellationToken).ConfigureAwait(false);
                var account = TokenIssuer.Account(present.Identity);
                if (account is null && !(present.Kind == CredentialKind.Certificate && present.Identity == Manifests.Identity))
                    throw new ConfigurationException(
                        $"{file} was not made by bebidactl kubeconfig create: it is of {(present.Identity.Length > 0 ? present.Identity : "someone unknown")}; renew it the way it was made"
                    );
                if (present.RenewalDue > DateTimeOffset.UtcNow && !parsed.GetValue(options.Now) && !File.Exists(file + ".key"))
                {
                    await Console
                        .Error.WriteLineAsync(
                            $"bebidactl: renewal is due on {CredentialOutput.Time(present.RenewalDue.Value)}; --now renews it anyway"
                        )
                        .ConfigureAwait(false);
                    CredentialOutput.Print(file, present, DateTimeOffset.UtcNow, parsed.GetValue(globals.Output));
                    return ExitCode.Done;
                }
                var self = parsed.GetValue(options.Self);
                if (self && account is null)
                    throw new ConfigurationException(
                        "--self: only a token can renew itself; renew a certificate with an admin's kubeconfig"
                    );
                return await IssueAsync(
                        globals,
                        parsed,
                        new IssuanceRequest
                        {
                            Asker = self ? file : AdminKubeconfig.Find(parsed.GetValue(options.Kubeconfig)),
                            AskerContext = self ? context : parsed.GetValue(options.Context)!,
                            File = file,
                            Context = context,
                            Kind = present.Kind,
                            Account = account ?? (Manifests.Identity, Manifests.Identity),
                            Duration = parsed.GetValue(options.Duration) ?? present.Expires - present.Issued ?? UsualDuration,
                            Server = present.Server,
                            Approve = !parsed.GetValue(options.NoApprove),
                            Wait = parsed.GetValue(options.Wait) ?? IssuanceRequest.UsualWait,
                        },
                        new ManifestOptions(account?.Namespace ?? Manifests.Identity, present.Kind),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
            }
        );
        return command;
    }

    private static Command Show(GlobalOptions globals, KubeconfigOptions options)
    {
        var command = new ExemplifiedCommand(
            "show",
            "Show the identity in the controller's kubeconfig and when it expires. Exits with 1 if it has expired.",
            ShowExamples
        )
        {
            options.Target,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (file, context) = KubeconfigOptions.Present(parsed.GetValue(options.Target), parsed.GetValue(globals.Config));
                var credential = await Credential.ReadAsync(file, context, cancellationToken).ConfigureAwait(false);
                CredentialOutput.Print(file, credential, DateTimeOffset.UtcNow, parsed.GetValue(globals.Output));
                return credential.Expires <= DateTimeOffset.UtcNow ? ExitCode.Failed : ExitCode.Done;
            }
        );
        return command;
    }

    // What was written is tried out: rights may be someone else's to give, and the server's clock is not ours.
    private static async Task<int> IssueAsync(
        GlobalOptions globals,
        ParseResult parsed,
        IssuanceRequest request,
        ManifestOptions manifests,
        CancellationToken cancellationToken
    )
    {
        if (
            !await new Issuance(line => Console.Error.WriteLine($"bebidactl: {line}"), globals.Log(parsed))
                .RunAsync(request, cancellationToken)
                .ConfigureAwait(false)
        )
            return ExitCode.Failed;
        if (request.File == "-")
            return ExitCode.Done;
        using var identity = new ClusterApi(request.File, request.Context, globals.Log(parsed));
        var missing = await Rights.MissingAsync(identity, manifests, cancellationToken).ConfigureAwait(false);
        CredentialOutput.Print(
            request.File,
            await Credential.ReadAsync(request.File, request.Context, cancellationToken).ConfigureAwait(false),
            DateTimeOffset.UtcNow,
            parsed.GetValue(globals.Output)
        );
        if (missing.Count == 0)
            return ExitCode.Done;
        throw new ClusterException(
            ClusterFault.Refused,
            $"{request.Identity} may not {string.Join(", ", missing)}; run: {Manifests.Command(manifests)}"
        );
    }
}
