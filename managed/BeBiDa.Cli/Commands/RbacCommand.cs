using System.CommandLine;
using BeBiDa.Cli.Credentials;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl rbac</c>: prints the manifests that give the controller its rights.</summary>
internal static class RbacCommand
{
    private const string Examples = """
        # Look at them, and apply them
        bebidactl rbac
        bebidactl rbac | kubectl apply -f -

        # For a GitOps repository: a ServiceAccount in a namespace of your choice, and the right that removeNode needs
        bebidactl rbac --credential token --namespace hpc --remove-node > clusters/site/bebida.yaml
        """;

    public static Command Create()
    {
        var space = KubeconfigOptions.NewNamespace();
        var credential = KubeconfigOptions.NewCredential(
            "Bind the rights to one identity only: the ServiceAccount (token; printed too), or the certificate's user"
        );
        var removeNode = KubeconfigOptions.NewRemoveNode();
        var disruptionTarget = KubeconfigOptions.NewDisruptionTarget();
        var waitUntilReady = KubeconfigOptions.NewWaitUntilReady();
        var selfRenew = KubeconfigOptions.NewSelfRenew();
        var timeline = new Option<bool>("--timeline")
        {
            Description = "Add the right to read Events in the namespace default (for bebidactl timeline)",
        };
        var record = new Option<bool>("--record")
        {
            Description = "Add the right to watch Events in the namespace default (for bebidactl record)",
        };
        var flowControl = new Option<bool>("--flow-control")
        {
            Description = "Add FlowSchemas that keep BeBiDa from delaying other clients (Kubernetes 1.29; changes the cluster's shares)",
        };
        var command = new ExemplifiedCommand(
            "rbac",
            "Print the Kubernetes manifests with the rights that BeBiDa needs, for kubectl apply or a GitOps repository.",
            Examples
        )
        {
            credential,
            space,
            removeNode,
            disruptionTarget,
            waitUntilReady,
            selfRenew,
            timeline,
            record,
            flowControl,
        };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(
                Manifests.Text(
                    new ManifestOptions(
                        parsed.GetValue(space)!,
                        parsed.GetValue(credential),
                        parsed.GetValue(removeNode),
                        parsed.GetValue(selfRenew),
                        parsed.GetValue(timeline),
                        parsed.GetValue(disruptionTarget),
                        parsed.GetValue(waitUntilReady),
                        parsed.GetValue(flowControl),
                        parsed.GetValue(record)
                    )
                )
            );
            return ExitCode.Done;
        });
        return command;
    }
}
