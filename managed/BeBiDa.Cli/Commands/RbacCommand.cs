using System.CommandLine;
using BeBiDa.Cli.Credentials;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl rbac</c>: prints the manifests that give the controller its rights.</summary>
internal static class RbacCommand
{
    public static Command Create()
    {
        var space = KubeconfigOptions.NewNamespace();
        var credential = new Option<CredentialKind?>("--credential")
        {
            Description =
                "Bind the rights to one identity only: the ServiceAccount (token), which is printed too, or the user of a certificate",
            HelpName = "token|certificate",
            CustomParser = KubeconfigOptions.ReadCredential,
        };
        KubeconfigOptions.Complete(credential);
        var removeNode = KubeconfigOptions.NewRemoveNode();
        var disruptionTarget = KubeconfigOptions.NewDisruptionTarget();
        var selfRenew = KubeconfigOptions.NewSelfRenew();
        var timeline = new Option<bool>("--timeline")
        {
            Description = "With the right to read Events in the namespace default, for bebidactl timeline",
        };
        var flowControl = new Option<bool>("--flow-control")
        {
            Description =
                "With the FlowSchemas and priority levels that keep BeBiDa's requests from delaying other clients (Kubernetes 1.29; affects the whole cluster's shares)",
        };
        var command = new Command(
            "rbac",
            "Print the Kubernetes manifests with the rights that BeBiDa needs, for kubectl apply or a GitOps repository."
        )
        {
            credential,
            space,
            removeNode,
            disruptionTarget,
            selfRenew,
            timeline,
            flowControl,
        };
        command.SetAction(parsed =>
        {
            Console.Out.Write(
                Manifests.Text(
                    new ManifestOptions(
                        parsed.GetValue(space)!,
                        parsed.GetValue(credential),
                        parsed.GetValue(removeNode),
                        parsed.GetValue(selfRenew),
                        parsed.GetValue(timeline),
                        parsed.GetValue(disruptionTarget),
                        parsed.GetValue(flowControl)
                    )
                )
            );
            return ExitCode.Done;
        });
        return command;
    }
}
